/*
 * A part of a JPEG's pixels, decoded by libjpeg-turbo and resized. The module imports nothing: whatever is not a plain
 * picture without a warning ends in a trap, after which the next call begins anew. Compiled by build.sh.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasm_simd128.h>
#include "jinclude.h"
#define JPEG_INTERNALS
#include "jpeglib.h"
#include "jmemsys.h"

#define PAGE_BYTES 65536
/* Twice what the most thorough encoders write; each scan costs the time of a whole picture. */
#define MAX_SCANS 32
/* The pixels beside a part that upsampled colours reach. */
#define MARGIN 2
/* Weights are 16 bits, and this many of them after the point. */
#define WEIGHT_BITS 14

/* One axis: `length` pixels from `start` on are decoded; each of `out` pixels is a sum of `taps` of them, an even number. */
struct axis {
  int32_t start, length, out, taps;
  const int32_t *first;
  const int16_t *weights;
};

/* As worker/child/jpeg-decoder.ts writes it. `width` and `height` are those of the picture at `eighths` of its size. */
struct request {
  const uint8_t *bytes;
  uint32_t size, width, height, eighths;
  struct axis x, y;
  /* Where the first pixel goes, and how far it is from one to the next in a line and in a column, in bytes. */
  int32_t at, x_step, y_step;
};

extern unsigned char __heap_base;
static uintptr_t top;

/* All memory is one stack, which is emptied when a picture begins. It grows up to the module's limit. */
void *reserve(size_t size) {
  uintptr_t start = (top + 15) & ~(uintptr_t)15;
  size_t have = __builtin_wasm_memory_size(0) * PAGE_BYTES;
  if (size > INT32_MAX) __builtin_trap();
  if (start + size > have) {
    size_t pages = (start + size - have + PAGE_BYTES - 1) / PAGE_BYTES;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) __builtin_trap();
  }
  top = start + size;
  return (void *)start;
}

void begin(void) { top = (uintptr_t)&__heap_base; }

void *jpeg_get_small(j_common_ptr cinfo, size_t size) { return reserve(size); }
void *jpeg_get_large(j_common_ptr cinfo, size_t size) { return reserve(size); }
void jpeg_free_small(j_common_ptr cinfo, void *object, size_t size) {}
void jpeg_free_large(j_common_ptr cinfo, void *object, size_t size) {}
size_t jpeg_mem_available(j_common_ptr cinfo, size_t least, size_t most, size_t taken) { return most; }
void jpeg_open_backing_store(j_common_ptr cinfo, backing_store_ptr info, long size) { __builtin_trap(); }
long jpeg_mem_init(j_common_ptr cinfo) { return 0; }
void jpeg_mem_term(j_common_ptr cinfo) {}

static void on_error(j_common_ptr cinfo) { __builtin_trap(); }
static void on_message(j_common_ptr cinfo, int level) {
  /* Below 0 is a warning. */
  if (level < 0) __builtin_trap();
}
static void on_progress(j_common_ptr cinfo) {
  if (((j_decompress_ptr)cinfo)->input_scan_number > MAX_SCANS) __builtin_trap();
}
static void reset_errors(j_common_ptr cinfo) {}
static void begin_or_end_source(j_decompress_ptr cinfo) {}
static boolean read_beyond_end(j_decompress_ptr cinfo) { __builtin_trap(); }
static void skip_bytes(j_decompress_ptr cinfo, long count) {
  if (count <= 0) return;
  if ((size_t)count > cinfo->src->bytes_in_buffer) __builtin_trap();
  cinfo->src->next_input_byte += count;
  cinfo->src->bytes_in_buffer -= count;
}

/* Gives the part's lines, each of x.length pixels of red, green, blue and a fourth byte. */
uint8_t *decode(const struct request *request) {
  struct jpeg_error_mgr errors = {
      .error_exit = on_error, .output_message = on_error, .emit_message = on_message, .reset_error_mgr = reset_errors};
  struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
  struct jpeg_source_mgr source = {.next_input_byte = request->bytes, .bytes_in_buffer = request->size,
      .init_source = begin_or_end_source, .fill_input_buffer = read_beyond_end, .skip_input_data = skip_bytes,
      .resync_to_restart = jpeg_resync_to_restart, .term_source = begin_or_end_source};
  struct jpeg_decompress_struct cinfo = {.err = &errors};
  jpeg_create_decompress(&cinfo);
  cinfo.progress = &progress;
  cinfo.src = &source;
  jpeg_read_header(&cinfo, TRUE);
  cinfo.out_color_space = JCS_EXT_RGBX;
  cinfo.scale_num = request->eighths;
  cinfo.scale_denom = 8;
  jpeg_start_decompress(&cinfo);
  if (cinfo.output_width != request->width || cinfo.output_height != request->height) __builtin_trap();

  const struct axis *x = &request->x, *y = &request->y;
  int32_t left = x->start > MARGIN ? x->start - MARGIN : 0;
  int32_t right = x->start + x->length + MARGIN;
  JDIMENSION from = left, width = (right < (int32_t)cinfo.output_width ? right : (int32_t)cinfo.output_width) - left;
  jpeg_crop_scanline(&cinfo, &from, &width);
  /* The inner loops write whole eights of pixels, and `across` reads a few beyond the last. */
  JSAMPROW line = reserve(4 * (size_t)(width + 8));
  size_t part = 4 * (size_t)x->length;
  uint8_t *lines = reserve(part * y->length + 4 * x->taps + 16);
  if (y->start > 0) jpeg_skip_scanlines(&cinfo, y->start);
  for (int32_t row = 0; row < y->length; row++) {
    jpeg_read_scanlines(&cinfo, &line, 1);
    memcpy(lines + part * row, line + 4 * (x->start - from), part);
  }
  /* The last line is read, seen or not: skipping to the end would leave the rest of the file undecoded, corrupt or not. */
  if (cinfo.output_scanline + 1 < cinfo.output_height) {
    jpeg_skip_scanlines(&cinfo, cinfo.output_height - 1 - cinfo.output_scanline);
  }
  if (cinfo.output_scanline < cinfo.output_height) jpeg_read_scanlines(&cinfo, &line, 1);
  jpeg_finish_decompress(&cinfo);
  return lines;
}

static inline v128_t half(void) { return wasm_i32x4_splat(1 << (WEIGHT_BITS - 1)); }

/*
 * A line resized along x: two pixels at a time, their reds, greens and blues side by side. A swizzle puts them there,
 * and 0 where its lanes are above 15: a shuffle with zeros would do too, but V8 makes its masks anew each time.
 */
static void across(const uint8_t *line, uint8_t *to, const struct axis *x) {
  const v128_t first = wasm_u8x16_const(0, 128, 4, 128, 1, 128, 5, 128, 2, 128, 6, 128, 3, 128, 7, 128);
  const v128_t second = wasm_u8x16_const(8, 128, 12, 128, 9, 128, 13, 128, 10, 128, 14, 128, 11, 128, 15, 128);
  const int16_t *weights = x->weights;
  for (int32_t i = 0; i < x->out; i++, to += 4) {
    const uint8_t *from = line + 4 * x->first[i];
    v128_t sum = half();
    int32_t tap = 0;
    for (; tap + 4 <= x->taps; tap += 4, from += 16, weights += 4) {
      v128_t four = wasm_v128_load(from);
      sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_i8x16_swizzle(four, first), wasm_v128_load32_splat(weights)));
      sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_i8x16_swizzle(four, second), wasm_v128_load32_splat(weights + 2)));
    }
    if (tap < x->taps) {
      v128_t two = wasm_i8x16_swizzle(wasm_v128_load64_zero(from), first);
      sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(two, wasm_v128_load32_splat(weights)));
      weights += 2;
    }
    sum = wasm_i32x4_shr(sum, WEIGHT_BITS);
    sum = wasm_i16x8_narrow_i32x4(sum, sum);
    wasm_v128_store32_lane(to, wasm_u8x16_narrow_i16x8(sum, sum), 0);
  }
}

/* A line of what is resized along y, of `stride` bytes, a multiple of 16: two lines at a time, byte beside byte. */
static void down(const uint8_t *lines, size_t stride, uint8_t *to, const struct axis *y, int32_t row) {
  const int16_t *weights = y->weights + row * y->taps;
  for (size_t i = 0; i < stride; i += 16) {
    v128_t sums[4] = {half(), half(), half(), half()};
    const uint8_t *from = lines + y->first[row] * stride + i;
    for (int32_t tap = 0; tap < y->taps; tap += 2, from += 2 * stride) {
      v128_t a = wasm_v128_load(from), b = wasm_v128_load(from + stride);
      v128_t pair = wasm_v128_load32_splat(weights + tap);
      v128_t low = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      v128_t high = wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      sums[0] = wasm_i32x4_add(sums[0], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(low), pair));
      sums[1] = wasm_i32x4_add(sums[1], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_high_u8x16(low), pair));
      sums[2] = wasm_i32x4_add(sums[2], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_low_u8x16(high), pair));
      sums[3] = wasm_i32x4_add(sums[3], wasm_i32x4_dot_i16x8(wasm_u16x8_extend_high_u8x16(high), pair));
    }
    v128_t low = wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(sums[0], WEIGHT_BITS), wasm_i32x4_shr(sums[1], WEIGHT_BITS));
    v128_t high = wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(sums[2], WEIGHT_BITS), wasm_i32x4_shr(sums[3], WEIGHT_BITS));
    wasm_v128_store(to + i, wasm_u8x16_narrow_i16x8(low, high));
  }
}

/* From `decode`'s lines to pixels of red, green and blue, turned as the steps say. */
uint8_t *resize(const uint8_t *lines, const struct request *request) {
  const struct axis *x = &request->x, *y = &request->y;
  size_t stride = (4 * (size_t)x->out + 15) & ~(size_t)15;
  /* Taps may reach a few lines beyond the last, with a weight of 0. */
  uint8_t *narrow = reserve(stride * (y->length + y->taps));
  for (int32_t row = 0; row < y->length; row++) across(lines + 4 * (size_t)x->length * row, narrow + stride * row, x);
  uint8_t *line = reserve(stride), *out = reserve(3 * (size_t)x->out * y->out);
  for (int32_t row = 0; row < y->out; row++) {
    down(narrow, stride, line, y, row);
    const uint8_t *from = line;
    uint8_t *to = out + request->at + row * request->y_step;
    for (int32_t i = 0; i < x->out; i++, from += 4, to += request->x_step) {
      to[0] = from[0];
      to[1] = from[1];
      to[2] = from[2];
    }
  }
  return out;
}

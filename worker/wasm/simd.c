/*
 * The inner loops of libjpeg-turbo in WebAssembly's SIMD, in place of its own ones for processors. Each gives bit for
 * bit what the library's plain C gives, and where a damaged picture's values go beyond 16 bits, what those for x86 give.
 */
#include <wasm_simd128.h>
#include "jinclude.h"
#define JPEG_INTERNALS
#include "jpeglib.h"
#include "jdct.h"
#include "jsimd.h"
#include "jsimddct.h"

#define EVEN_PAIRS(a, b) wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ODD_PAIRS(a, b) wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define PAIR(a, b) wasm_i16x8_make(a, b, a, b, a, b, a, b)

/* Eight dot products of pairs, as 32 bits. */
struct wide { v128_t low, high; };

static inline struct wide dot(v128_t a, v128_t b, v128_t weights) {
  return (struct wide){wasm_i32x4_dot_i16x8(EVEN_PAIRS(a, b), weights),
                       wasm_i32x4_dot_i16x8(ODD_PAIRS(a, b), weights)};
}

static inline struct wide add(struct wide a, struct wide b) {
  return (struct wide){wasm_i32x4_add(a.low, b.low), wasm_i32x4_add(a.high, b.high)};
}

static inline struct wide sub(struct wide a, struct wide b) {
  return (struct wide){wasm_i32x4_sub(a.low, b.low), wasm_i32x4_sub(a.high, b.high)};
}

static inline v128_t descale(struct wide a, int bits) {
  return wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(a.low, bits), wasm_i32x4_shr(a.high, bits));
}

static inline struct wide scaled(v128_t a, int bits, v128_t half) {
  return (struct wide){wasm_i32x4_add(wasm_i32x4_shl(wasm_i32x4_extend_low_i16x8(a), bits), half),
                       wasm_i32x4_add(wasm_i32x4_shl(wasm_i32x4_extend_high_i16x8(a), bits), half)};
}

/* One pass of the inverse DCT of jidctint.c, over eight columns at once; the sums are divided by 2^bits. */
static inline void idct_pass(v128_t v[8], int bits) {
  const v128_t half = wasm_i32x4_splat(1 << (bits - 1));
  struct wide t2 = dot(v[2], v[6], PAIR(4433, 4433 - 15137));
  struct wide t3 = dot(v[2], v[6], PAIR(4433 + 6270, 4433));
  struct wide t0 = scaled(wasm_i16x8_add(v[0], v[4]), 13, half), t1 = scaled(wasm_i16x8_sub(v[0], v[4]), 13, half);
  struct wide e0 = add(t0, t3), e3 = sub(t0, t3), e1 = add(t1, t2), e2 = sub(t1, t2);

  v128_t z3 = wasm_i16x8_add(v[3], v[7]), z4 = wasm_i16x8_add(v[1], v[5]);
  struct wide w3 = dot(z3, z4, PAIR(9633 - 16069, 9633)), w4 = dot(z3, z4, PAIR(9633, 9633 - 3196));
  struct wide o0 = add(dot(v[7], v[1], PAIR(2446 - 7373, -7373)), w3);
  struct wide o3 = add(dot(v[7], v[1], PAIR(-7373, 12299 - 7373)), w4);
  struct wide o1 = add(dot(v[5], v[3], PAIR(16819 - 20995, -20995)), w4);
  struct wide o2 = add(dot(v[5], v[3], PAIR(-20995, 25172 - 20995)), w3);

  v[0] = descale(add(e0, o3), bits);
  v[7] = descale(sub(e0, o3), bits);
  v[1] = descale(add(e1, o2), bits);
  v[6] = descale(sub(e1, o2), bits);
  v[2] = descale(add(e2, o1), bits);
  v[5] = descale(sub(e2, o1), bits);
  v[3] = descale(add(e3, o0), bits);
  v[4] = descale(sub(e3, o0), bits);
}

static inline void transpose(v128_t v[8]) {
  v128_t a[8], b[8];
  for (int i = 0; i < 4; i++) {
    a[2 * i] = EVEN_PAIRS(v[i], v[i + 4]);
    a[2 * i + 1] = ODD_PAIRS(v[i], v[i + 4]);
  }
  for (int i = 0; i < 4; i++) {
    b[2 * i] = EVEN_PAIRS(a[i], a[i + 4]);
    b[2 * i + 1] = ODD_PAIRS(a[i], a[i + 4]);
  }
  for (int i = 0; i < 4; i++) {
    v[2 * i] = EVEN_PAIRS(b[i], b[i + 4]);
    v[2 * i + 1] = ODD_PAIRS(b[i], b[i + 4]);
  }
}

/* What `transpose` makes of eight lines that are all the same. */
static inline void spread(v128_t v[8], v128_t line) {
#define LANE(i) v[i] = wasm_i16x8_splat(wasm_i16x8_extract_lane(line, i))
  LANE(0);
  LANE(1);
  LANE(2);
  LANE(3);
  LANE(4);
  LANE(5);
  LANE(6);
  LANE(7);
}

void jsimd_idct_islow(j_decompress_ptr cinfo, jpeg_component_info *component, JCOEFPTR coefficients,
                      JSAMPARRAY lines, JDIMENSION column) {
  const short *divisors = component->dct_table;
  v128_t v[8], below = wasm_i32x4_splat(0);
  for (int i = 0; i < 8; i++) {
    v[i] = wasm_v128_load(coefficients + 8 * i);
    if (i) below = wasm_v128_or(below, v[i]);
    v[i] = wasm_i16x8_mul(v[i], wasm_v128_load(divisors + 8 * i));
  }
  if (wasm_v128_any_true(below)) {
    idct_pass(v, 11);
    transpose(v);
  } else {
    /*
     * Columns of one value each, which the first pass would come to as well. In 16 bits, as in the library's own loops
     * for x86, so that what a damaged picture has beyond them comes to the same.
     */
    v128_t first = wasm_i16x8_shl(v[0], 2);
    if (!wasm_v128_any_true(wasm_i16x8_replace_lane(v[0], 0, 0))) {
      v128_t all = wasm_i16x8_splat((wasm_i16x8_extract_lane(first, 0) + 16) >> 5);
      all = wasm_v128_xor(wasm_i8x16_narrow_i16x8(all, all), wasm_i8x16_splat(-128));
      for (int i = 0; i < 8; i++) wasm_v128_store64_lane(lines[i] + column, all, 0);
      return;
    }
    spread(v, first);
  }
  idct_pass(v, 18);
  transpose(v);
  for (int i = 0; i < 8; i++) {
    v128_t line = wasm_i8x16_narrow_i16x8(v[i], v[i]);
    wasm_v128_store64_lane(lines[i] + column, wasm_v128_xor(line, wasm_i8x16_splat(-128)), 0);
  }
}

/* One pass of the inverse DCT of jidctred.c to four values, over eight columns at once, as `idct_pass`. */
static inline void idct_4_pass(const v128_t v[8], int bits, v128_t to[4]) {
  const v128_t half = wasm_i32x4_splat(1 << (bits - 1));
  struct wide t0 = add(dot(v[1], v[3], PAIR(8697, -17799)), dot(v[5], v[7], PAIR(11893, -1730)));
  struct wide t2 = add(dot(v[1], v[3], PAIR(20995, 7373)), dot(v[5], v[7], PAIR(-4926, -4176)));
  struct wide even = scaled(v[0], 14, half);
  struct wide turn = dot(v[2], v[6], PAIR(15137, -6270));
  struct wide e0 = add(even, turn), e2 = sub(even, turn);
  to[0] = descale(add(e0, t2), bits);
  to[3] = descale(sub(e0, t2), bits);
  to[1] = descale(add(e2, t0), bits);
  to[2] = descale(sub(e2, t0), bits);
}

void jsimd_idct_4x4(j_decompress_ptr cinfo, jpeg_component_info *component, JCOEFPTR coefficients,
                    JSAMPARRAY lines, JDIMENSION column) {
  const short *divisors = component->dct_table;
  v128_t v[8], to[4], below = wasm_i32x4_splat(0);
  for (int i = 0; i < 8; i++) {
    v[i] = wasm_v128_load(coefficients + 8 * i);
    if (i && i != 4) below = wasm_v128_or(below, v[i]);
    v[i] = wasm_i16x8_mul(v[i], wasm_v128_load(divisors + 8 * i));
  }
  if (wasm_v128_any_true(below)) {
    idct_4_pass(v, 12, v);
    v[4] = v[5] = v[6] = v[7] = wasm_i32x4_splat(0);
    transpose(v);
  } else {
    spread(v, wasm_i16x8_shl(v[0], 2));
  }
  idct_4_pass(v, 19, to);
  v128_t even = EVEN_PAIRS(to[0], to[2]), odd = EVEN_PAIRS(to[1], to[3]);
  v128_t all = wasm_i8x16_narrow_i16x8(EVEN_PAIRS(even, odd), ODD_PAIRS(even, odd));
  all = wasm_v128_xor(all, wasm_i8x16_splat(-128));
  wasm_v128_store32_lane(lines[0] + column, all, 0);
  wasm_v128_store32_lane(lines[1] + column, all, 1);
  wasm_v128_store32_lane(lines[2] + column, all, 2);
  wasm_v128_store32_lane(lines[3] + column, all, 3);
}

/* A line of the inverse DCT of jidctred.c to two values: of its first value in 32 bits, and of those at 1, 3, 5 and 7. */
static inline void idct_2_line(v128_t wide_first, v128_t values, JSAMPROW to) {
  const v128_t weights = wasm_i16x8_const(0, 29692, 0, -10426, 0, 6967, 0, -5906);
  v128_t odd = wasm_i32x4_dot_i16x8(values, weights);
  odd = wasm_i32x4_add(odd, wasm_i32x4_shuffle(odd, odd, 2, 3, 0, 1));
  odd = wasm_i32x4_add(odd, wasm_i32x4_shuffle(odd, odd, 1, 0, 3, 2));
  v128_t even = wasm_i32x4_add(wasm_i32x4_shl(wide_first, 15), wasm_i32x4_splat(1 << 19));
  v128_t left = wasm_i32x4_shr(wasm_i32x4_add(even, odd), 20), right = wasm_i32x4_shr(wasm_i32x4_sub(even, odd), 20);
  v128_t both = wasm_i16x8_narrow_i32x4(left, right);
  both = wasm_v128_xor(wasm_i8x16_narrow_i16x8(both, both), wasm_i8x16_splat(-128));
  to[0] = wasm_u8x16_extract_lane(both, 0);
  to[1] = wasm_u8x16_extract_lane(both, 4);
}

void jsimd_idct_2x2(j_decompress_ptr cinfo, jpeg_component_info *component, JCOEFPTR coefficients,
                    JSAMPARRAY lines, JDIMENSION column) {
  const short *divisors = component->dct_table;
#define LINE(i) wasm_i16x8_mul(wasm_v128_load(coefficients + 8 * i), wasm_v128_load(divisors + 8 * i))
  struct wide odd = add(dot(LINE(1), LINE(3), PAIR(29692, -10426)), dot(LINE(5), LINE(7), PAIR(6967, -5906)));
  struct wide even = scaled(LINE(0), 15, wasm_i32x4_splat(1 << 12));
  struct wide above = add(even, odd), under = sub(even, odd);
  idct_2_line(wasm_i32x4_shr(above.low, 13), descale(above, 13), lines[0] + column);
  idct_2_line(wasm_i32x4_shr(under.low, 13), descale(under, 13), lines[1] + column);
}

/* As jdcolext.c, but to red, green, blue and 255 of each pixel. Lines have room for whole eights of pixels, here and below. */
void jsimd_ycc_rgb_convert(j_decompress_ptr cinfo, JSAMPIMAGE planes, JDIMENSION row, JSAMPARRAY lines, int count) {
  const v128_t two = wasm_i16x8_splat(2), middle = wasm_i16x8_splat(128), half = wasm_i32x4_splat(1 << 15);
  const struct wide halves = {half, half};
  for (; count > 0; count--, row++) {
    const JSAMPLE *ys = planes[0][row], *cbs = planes[1][row], *crs = planes[2][row];
    JSAMPLE *to = *lines++;
    for (int x = 0, width = cinfo->output_width; x < width; x += 8, to += 32) {
      v128_t y = wasm_u16x8_load8x8(ys + x);
      v128_t cb = wasm_i16x8_sub(wasm_u16x8_load8x8(cbs + x), middle);
      v128_t cr = wasm_i16x8_sub(wasm_u16x8_load8x8(crs + x), middle);
      /* y + 1.402 cr, y - 0.34414 cb - 0.71414 cr, y + 1.772 cb: with weights of 16 bits by adding cr or cb whole. */
      v128_t red = wasm_i16x8_add(cr, descale(dot(cr, two, PAIR(26345, 16384)), 16));
      v128_t green = wasm_i16x8_sub(descale(add(dot(cb, cr, PAIR(-22554, 18734)), halves), 16), cr);
      v128_t blue = wasm_i16x8_add(wasm_i16x8_add(cb, cb), descale(dot(cb, two, PAIR(-14942, 16384)), 16));
      v128_t rg = wasm_u8x16_narrow_i16x8(wasm_i16x8_add(y, red), wasm_i16x8_add(y, green));
      v128_t bx = wasm_u8x16_narrow_i16x8(wasm_i16x8_add(y, blue), wasm_i16x8_splat(255));
      v128_t rg8 = wasm_i8x16_shuffle(rg, rg, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
      v128_t bx8 = wasm_i8x16_shuffle(bx, bx, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
      v128_t low = EVEN_PAIRS(rg8, bx8), high = ODD_PAIRS(rg8, bx8);
      wasm_v128_store(to, low);
      wasm_v128_store(to + 16, high);
    }
  }
}

/* What stands between pixels: 3/4 of the nearer and 1/4 of the farther, with the library's own rounding. */
static inline void weave(v128_t before, v128_t here, v128_t after, int bits, JSAMPLE *to) {
  const v128_t three = wasm_i16x8_splat(3);
  v128_t near = wasm_i16x8_mul(here, three);
  int half = 1 << (bits - 1);
  v128_t left = wasm_i16x8_add(wasm_i16x8_add(near, before), wasm_i16x8_splat(bits == 2 ? half - 1 : half));
  v128_t right = wasm_i16x8_add(wasm_i16x8_add(near, after), wasm_i16x8_splat(bits == 2 ? half : half - 1));
  left = wasm_u16x8_shr(left, bits);
  right = wasm_u16x8_shr(right, bits);
  wasm_v128_store(to, wasm_v128_or(left, wasm_i16x8_shl(right, 8)));
}

void jsimd_h2v1_fancy_upsample(j_decompress_ptr cinfo, jpeg_component_info *component, JSAMPARRAY input,
                               JSAMPARRAY *output) {
  int width = component->downsampled_width;
  for (int row = 0; row < cinfo->max_v_samp_factor; row++) {
    const JSAMPLE *from = input[row];
    JSAMPLE *to = (*output)[row];
    for (int x = 0; x < width; x += 8) {
      weave(wasm_u16x8_load8x8(from + x - 1), wasm_u16x8_load8x8(from + x), wasm_u16x8_load8x8(from + x + 1), 2, to + 2 * x);
    }
    to[0] = from[0];
    to[2 * width - 1] = from[width - 1];
  }
}

void jsimd_h2v2_fancy_upsample(j_decompress_ptr cinfo, jpeg_component_info *component, JSAMPARRAY input,
                               JSAMPARRAY *output) {
  const v128_t three = wasm_i16x8_splat(3);
  int width = component->downsampled_width;
  for (int row = 0; row < cinfo->max_v_samp_factor; row++) {
    const JSAMPLE *near = input[row / 2], *far = input[row % 2 ? row / 2 + 1 : row / 2 - 1];
    JSAMPLE *to = (*output)[row];
#define SUM(x) wasm_i16x8_add(wasm_i16x8_mul(wasm_u16x8_load8x8(near + (x)), three), wasm_u16x8_load8x8(far + (x)))
    for (int x = 0; x < width; x += 8) weave(SUM(x - 1), SUM(x), SUM(x + 1), 4, to + 2 * x);
    int last = width - 1;
    to[0] = (4 * (3 * near[0] + far[0]) + 8) >> 4;
    to[2 * last + 1] = (4 * (3 * near[last] + far[last]) + 7) >> 4;
  }
}

int jsimd_can_idct_islow(void) { return 1; }
int jsimd_can_idct_4x4(void) { return 1; }
int jsimd_can_idct_2x2(void) { return 1; }
int jsimd_can_ycc_rgb(void) { return 1; }
int jsimd_can_h2v1_fancy_upsample(void) { return 1; }
int jsimd_can_h2v2_fancy_upsample(void) { return 1; }

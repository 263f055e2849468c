/* From 8-bit samples to a model's input. The module imports nothing. Compiled by build.sh. */
#include <stdint.h>
#include <wasm_simd128.h>

/*
 * One channel of so many pixels: of every third sample x * scale + shift, `step` floats apart. In double precision, of
 * which a float is what is left, as JavaScript's own sums would come to. Four pixels at a time: up to 16 bytes are read
 * beyond the last sample, and three floats written beyond the last, in the next channel or behind the tensor.
 */
void write_channel(const uint8_t *samples, float *to, int32_t pixels, int32_t step, double scale, double shift) {
  const v128_t thirds = wasm_u8x16_const(0, 128, 128, 128, 3, 128, 128, 128, 6, 128, 128, 128, 9, 128, 128, 128);
  const v128_t scales = wasm_f64x2_splat(scale), shifts = wasm_f64x2_splat(shift);
  for (int32_t i = 0; i < pixels; i += 4, samples += 12, to += 4 * step) {
    v128_t x = wasm_i8x16_swizzle(wasm_v128_load(samples), thirds);
    v128_t high = wasm_i32x4_shuffle(x, x, 2, 3, 2, 3);
    v128_t a = wasm_f64x2_add(wasm_f64x2_mul(wasm_f64x2_convert_low_i32x4(x), scales), shifts);
    v128_t b = wasm_f64x2_add(wasm_f64x2_mul(wasm_f64x2_convert_low_i32x4(high), scales), shifts);
    v128_t four = wasm_i64x2_shuffle(wasm_f32x4_demote_f64x2_zero(a), wasm_f32x4_demote_f64x2_zero(b), 0, 2);
    if (step == 1) {
      wasm_v128_store(to, four);
      continue;
    }
    wasm_v128_store32_lane(to, four, 0);
    wasm_v128_store32_lane(to + step, four, 1);
    wasm_v128_store32_lane(to + 2 * step, four, 2);
    wasm_v128_store32_lane(to + 3 * step, four, 3);
  }
}

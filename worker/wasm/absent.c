/*
 * What libjpeg-turbo names and a plain JPEG never needs: 12 and 16 bits, lossless, palettes, other transforms. It is
 * left out; to call it is to fail.
 */
#include "jinclude.h"
#define JPEG_INTERNALS
#include "jpeglib.h"

#define ABSENT(name) void name(j_decompress_ptr cinfo) { __builtin_trap(); }
#define ABSENT_BUFFERED(name) void name(j_decompress_ptr cinfo, boolean buffered) { __builtin_trap(); }
#define ABSENT_IDCT(name) \
  void name(j_decompress_ptr cinfo, jpeg_component_info *component, JCOEFPTR coefficients, JSAMPARRAY lines, \
            JDIMENSION column) { __builtin_trap(); }
#define ABSENT_UPSAMPLE(name) \
  void name(j_decompress_ptr cinfo, jpeg_component_info *component, JSAMPARRAY input, JSAMPARRAY *output) { \
    __builtin_trap(); }
#define ABSENT_SIMD(name) int name(void) { return 0; }

ABSENT(j12init_1pass_quantizer)
ABSENT(j12init_2pass_quantizer)
ABSENT(j12init_color_deconverter)
ABSENT(j12init_inverse_dct)
ABSENT(j12init_lossless_decompressor)
ABSENT(j12init_merged_upsampler)
ABSENT(j12init_upsampler)
ABSENT(j16init_color_deconverter)
ABSENT(j16init_lossless_decompressor)
ABSENT(j16init_upsampler)
ABSENT(jinit_1pass_quantizer)
ABSENT(jinit_2pass_quantizer)
ABSENT(jinit_lhuff_decoder)
ABSENT(jinit_lossless_decompressor)
ABSENT(jinit_merged_upsampler)
ABSENT_BUFFERED(j12init_d_coef_controller)
ABSENT_BUFFERED(j12init_d_diff_controller)
ABSENT_BUFFERED(j12init_d_main_controller)
ABSENT_BUFFERED(j12init_d_post_controller)
ABSENT_BUFFERED(j16init_d_diff_controller)
ABSENT_BUFFERED(j16init_d_main_controller)
ABSENT_BUFFERED(j16init_d_post_controller)
ABSENT_BUFFERED(jinit_d_diff_controller)
ABSENT_IDCT(jpeg_idct_float)
ABSENT_IDCT(jpeg_idct_ifast)
ABSENT_IDCT(jsimd_idct_float)
ABSENT_IDCT(jsimd_idct_ifast)
ABSENT_UPSAMPLE(jsimd_h2v1_upsample)
ABSENT_UPSAMPLE(jsimd_h2v2_upsample)
ABSENT_SIMD(jsimd_can_h2v1_upsample)
ABSENT_SIMD(jsimd_can_h2v2_upsample)
ABSENT_SIMD(jsimd_can_idct_float)
ABSENT_SIMD(jsimd_can_idct_ifast)
ABSENT_SIMD(jsimd_can_ycc_rgb565)

void jsimd_ycc_rgb565_convert(j_decompress_ptr cinfo, JSAMPIMAGE planes, JDIMENSION row, JSAMPARRAY lines, int count) {
  __builtin_trap();
}

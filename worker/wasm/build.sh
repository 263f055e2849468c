#!/bin/sh
# Makes jpeg.wasm, of libjpeg-turbo's sources and the C beside this script, and tensor.wasm. On Debian 12, where they come
# out byte for byte: apt-get install clang-14 lld-14 wasi-libc curl
set -eu
cd "$(dirname "$0")"
VERSION=3.1.3
SHA256=3a13a5ba767dc8264bc40b185e41368a80d5d5f945944d1dbaa4b2fb0099f4e5
URL=http://deb.debian.org/debian/pool/main/libj/libjpeg-turbo/libjpeg-turbo_$VERSION.orig.tar.gz

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -fsSo "$work/sources.tar.gz" "$URL"
echo "$SHA256  $work/sources.tar.gz" | sha256sum --check --quiet
tar xzf "$work/sources.tar.gz" -C "$work"
src=$work/libjpeg-turbo-$VERSION/src

# What CMake would find out: no arithmetic coding; SIMD, of which simd.c is all there is.
sed -e "s/@JPEG_LIB_VERSION@/62/; s/@VERSION@/$VERSION/; s/@LIBJPEG_TURBO_VERSION_NUMBER@/3001003/" \
  -e 's/#cmakedefine WITH_SIMD/#define WITH_SIMD/; /#cmakedefine/d' "$src/jconfig.h.in" > "$work/jconfig.h"
sed -e "s/@BUILD@//; s/@HIDDEN@//; s/@THREAD_LOCAL@//; s/@SIZE_T@/4/; s/@CMAKE_PROJECT_NAME@/libjpeg-turbo/" \
  -e "s/@INLINE@/inline __attribute__((always_inline))/; s/@VERSION@/$VERSION/" \
  -e 's/#cmakedefine WITH_SIMD/#define WITH_SIMD/; s/#cmakedefine HAVE_BUILTIN_CTZL/#define HAVE_BUILTIN_CTZL/' \
  -e '/#cmakedefine/d' "$src/jconfigint.h.in" > "$work/jconfigint.h"
sed 's/@COPYRIGHT_YEAR@/2025/' "$src/jversion.h.in" > "$work/jversion.h"

compile() {
  file=$1
  shift
  clang-14 --target=wasm32-wasi -O3 -msimd128 -mbulk-memory -mmutable-globals -DNDEBUG -ffunction-sections \
    -I"$work" -I"$src" -w "$@" -c "$file" -o "$work/$(basename "$file").o"
}
for name in jcomapi jdapimin jdinput jdmarker jdmaster jmemmgr; do compile "$src/$name.c" -DNO_GETENV; done
# These two take 64 bits at a time where they believe in an x86 with pointers of 32 bits, as WebAssembly has.
for name in jdhuff jdphuff; do compile "$src/$name.c" -D__x86_64__ -D__ILP32__; done
for name in jdapistd jdcoefct jdcolor jddctmgr jdmainct jdpostct jdsample jidctint jidctred jutils; do
  compile "$src/wrapper/$name-8.c"
done
for name in decode simd absent; do compile "$name.c"; done

# At most 64 MiB: room for 12 million pixels as progressive JPEGs mostly have them.
wasm-ld-14 --no-entry --stack-first --gc-sections --strip-all -z stack-size=65536 --initial-memory=1048576 --max-memory=67108864 \
  --export=begin --export=reserve --export=decode --export=resize --export=__stack_pointer \
  -L/usr/lib/wasm32-wasi "$work"/*.o -lc -o jpeg.wasm

# It has no variables and no stack: all of its memory is the caller's.
compile tensor.c
wasm-ld-14 --no-entry --strip-all -z stack-size=0 --export=write_channel "$work/tensor.c.o" -o tensor.wasm

chmod 644 jpeg.wasm tensor.wasm
sha256sum jpeg.wasm tensor.wasm

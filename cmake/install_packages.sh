# SPDX-License-Identifier: MIT
# Installs what Hourglass needs, with the system's package manager. Sourced by tests/run.sh and
# examples/quickstart.sh.
# shellcheck shell=bash

apt_packages="g++ cmake ninja-build libxsimd-dev libtbb-dev nlohmann-json3-dev doctest-dev libcli11-dev zlib1g-dev
              libpng-dev libturbojpeg0-dev libbenchmark-dev"
dnf_packages="gcc-c++ cmake ninja-build xsimd-devel tbb-devel json-devel doctest-devel cli11-devel zlib-devel
              libpng-devel turbojpeg-devel google-benchmark-devel"
brew_packages="cmake ninja xsimd tbb nlohmann-json doctest cli11 libpng jpeg-turbo google-benchmark"

apt_has() { dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }
dnf_has() { rpm -q --quiet --whatprovides "$1"; }
brew_has() { brew list "$1" >/dev/null 2>&1; }

# missing <manager> <package>...: the packages that are not installed
missing() {
  local manager=$1 package
  shift
  for package; do
    "${manager}_has" "$package" || printf '%s ' "$package"
  done
}

# may_install <manager>: whether this account can install without a password
may_install() { [[ $1 = brew || $(id -u) = 0 ]] || sudo -n true 2>/dev/null; }

as_root() {
  if [[ $(id -u) = 0 ]]; then "$@"; else sudo -n "$@"; fi
}

# install_by <manager> <package>...: installs quietly, after any other installation has ended
install_by() {
  local manager=$1
  shift
  case $manager in
    apt) as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
           -o DPkg::Lock::Timeout=300 "$@" >/dev/null ;;
    dnf) as_root dnf install -q -y "$@" ;;
    brew) brew install -q "$@" ;;
  esac
}

# by_hand <manager> <package>...: the command for an installation by hand
by_hand() {
  case $1 in
    apt) echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends ${*:2}" ;;
    dnf) echo "sudo dnf install -y ${*:2}" ;;
  esac
}

# Installs what the build needs, if anything is missing.
install_packages() {
  local manager packages
  if command -v apt-get >/dev/null; then manager=apt packages=$apt_packages
  elif command -v dnf >/dev/null; then manager=dnf packages=$dnf_packages
  elif command -v brew >/dev/null; then manager=brew packages=$brew_packages
  else
    echo "Found no apt, dnf or brew: continuing with what is installed (README.md lists the requirements)."
    return
  fi
  # shellcheck disable=SC2086  # a list of words
  packages=$(missing $manager $packages)
  [[ $packages ]] || return 0
  if ! may_install $manager; then
    echo "Some packages are missing, and this account may not install them. Please run" >&2
    # shellcheck disable=SC2086
    echo "  $(by_hand $manager $packages)" >&2
    exit 1
  fi
  echo "Installing $packages"
  [[ $manager != apt ]] || as_root apt-get update -qq
  # shellcheck disable=SC2086
  install_by $manager $packages
}

# Installs Fashion-MNIST, which is a package of Debian. Without it, the examples look elsewhere or
# generate a data set.
install_fashion_mnist() {
  local package=dataset-fashion-mnist
  if ! command -v apt-get >/dev/null || apt_has $package; then return; fi
  if ! may_install apt; then
    echo "To train on Fashion-MNIST: $(by_hand apt $package)"
    return
  fi
  apt-cache show $package >/dev/null 2>&1 || as_root apt-get update -qq || true
  install_by apt $package || echo "The package $package cannot be installed here; continuing without it."
}

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The whole course: every variant, application and study, one after another, and one page that shows and links all reports.
#
#   examples/run_all.sh                          as each program is by default: an hour or more on 2 cores
#   examples/run_all.sh --epochs 1 --limit 4000  a quick look; these flags go to every program
#   OUT=course examples/run_all.sh               elsewhere than runs/
#   RESUME=1 examples/run_all.sh                 goes on: leaves out what has run, resumes what was interrupted
#
# A program that fails is named on the page and at the end; the others go on. Ctrl-C ends the course.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source cmake/install_packages.sh

# In the order in which they are best read, each with the picture that tells most.
variants="
  undercomplete:reconstructions.png    deep:reconstructions.png        overcomplete:reconstructions.png
  sparse_l1:reconstructions.png        sparse_kl:filters1.png          top_k:reconstructions.png
  denoising:denoised.png               contractive:spectrum.svg        stacked:reconstructions.png
  linear:reconstructions.png           convolutional:reconstructions.png recurrent:sick.svg
  unet:segmentation.png                variational:interpolation.png   conditional_vae:samples.png
  beta_vae:traversals.png              iwae:samples.png                gumbel_vae:reconstructions.png
  vq_vae:reconstructions.png           adversarial:codes.svg           wae:samples.png"
applications="
  image_search:search.png              semantic_hashing:search.png     visualize_codes:map.svg
  few_labels:denoised.png              denoise_photos:denoised.png     super_resolve:enlarged.png"
studies="
  gradient_estimators:bias_and_variance.svg linear_denoiser:gains.svg       without_kl:paths_beta_1.png
  contractive_or_denoising:spectrum.svg     published_results:curves.png"
out=${OUT:-runs}
build=build/release
page=$out/index.html

install_packages
cmake --preset release
# shellcheck disable=SC2086,SC2046  # lists of words
cmake --build --preset release --target $(printf '%s\n' $variants $applications $studies | cut -d : -f 1)
mkdir -p "$out"

escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

begin_page() {
  cat <<'HTML'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hourglass: the course</title>
<style>
:root { color-scheme: light dark; --text: #1d2329; --soft: #5b6670; --line: #dde2e6; --page: #fff; --good: #00785a; --bad: #b84a00; }
@media (prefers-color-scheme: dark) { :root { --text: #dde2e6; --soft: #98a3ad; --line: #343c43; --page: #14181b; --good: #3fc79f; --bad: #f0955a; } }
body { margin: 0 auto; padding: 2.5rem 1.5rem; max-width: 76rem; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { line-height: 1.2; margin: 0; } h2 { margin: 2.5rem 0 1rem; text-transform: capitalize; }
h3 { margin: 0; font-size: 1.1rem; } p { margin: .3rem 0; } a { color: inherit; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1.2rem; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: 1rem; }
.card img { display: block; width: 100%; height: 12rem; object-fit: contain; object-position: left; margin: .7rem 0; }
.soft { color: var(--soft); font-size: .9em; } .holds { color: var(--good); } .misses, .failed { color: var(--bad); }
</style>
<h1>The course</h1>
HTML
  if (($#)); then
    echo "<p>Run with <code>$(escaped <<<"$*")</code>, so that figures need not be what full runs reach."
  else echo "<p>Every program as it is by default."; fi
  echo '<p class="soft">A picture leads to the report. Each figure is shown with what it must beat.'
}

# card <name> <picture>: what a program left behind
card() {
  local report=$out/$1/report.html last figure beat verdict=
  last=$(tail -n 2 "$out/$1.log" | head -n 1 | escaped)
  if [[ $(tail -n 1 "$out/$1.log") = failed ]]; then
    printf '<div class="card"><h3>%s</h3><p class="failed">✗ failed: %s</div>\n' "$1" "$last"
    return
  fi
  figure=${last% (to beat:*} beat=${last#* (to beat: }
  [[ $last != *": holds)" ]] || verdict=' <b class="holds">✓ holds</b>'
  [[ $last != *": misses)" ]] || verdict=' <b class="misses">✗ misses</b>'
  printf '<div class="card"><h3><a href="%s/report.html">%s</a></h3>\n' "$1" "$(sed -n 's:^<h1>\(.*\)</h1>$:\1:p' "$report")"
  sed -n '/^<h1>/{n;s/<p>/<p class="soft">/p;q}' "$report"
  [[ ! -f $out/$1/$2 ]] || printf '<a href="%s/report.html"><img src="%s/%s" alt="%s" loading="lazy"></a>\n' "$1" "$1" "$2" "$2"
  printf '<p><code>%s</code>%s\n' "$figure" "$verdict"
  [[ ! $verdict ]] || printf '<p class="soft">to beat: %s\n' "${beat%: *}"
  printf '<p class="soft">%s, %s s</div>\n' "$1" "$(tail -n 1 "$out/$1.log" | cut -d ' ' -f 2)"
}

# run <name> <flag>...: one program, unless it has run; its log ends with "seconds N" or "failed"
run() {
  local name=$1 log=$out/$1.log begin=$SECONDS
  shift
  # The study of estimators is mathematics alone, without images to limit.
  [[ $name != gradient_estimators ]] || set --
  if [[ ${RESUME:-0} = 1 && -f $out/$name/summary.json && $(tail -n 1 "$log") = seconds* ]]; then
    echo "== $name: has run"
    return
  fi
  [[ ${RESUME:-0} != 1 || ! -f $out/$name/last.safetensors ]] || set -- "$@" --resume
  echo "== $name"
  if "$build/examples/$name" --quiet --overwrite --out "$out/$name" "$@" >"$log" 2>&1; then
    echo "seconds $((SECONDS - begin))" >>"$log"
    tail -n 2 "$log" | head -n 1
  else
    echo failed >>"$log"
    failed+=" $name"
  fi
}

trap 'exit 130' INT  # a program that Ctrl-C ends has said how to go on
failed=
begin_page "$@" >"$page"
for part in variants applications studies; do
  printf '<h2>%s</h2>\n<div class="cards">\n' "$part" >>"$page"
  for item in ${!part}; do
    run "${item%:*}" "$@"
    card "${item%:*}" "${item#*:}" >>"$page"
  done
  echo '</div>' >>"$page"
done
echo '</html>' >>"$page"
echo "All reports: $page"
[[ ! $failed ]] || { echo "failed:$failed"; exit 1; }

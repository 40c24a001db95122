#!/usr/bin/env bash
# The whole course: every variant and study, one after another, and one page that links to all reports.
#
#   examples/run_all.sh                          as each program is by default: some hours on 2 cores
#   examples/run_all.sh --epochs 1 --limit 4000  a quick look; these flags go to every program
#   OUT=course examples/run_all.sh               elsewhere than runs/
#
# A program that fails is named on the page and at the end; the others go on. Programs that have run already with
# OUT/<name>/summary.json are left out when RESUME=1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source cmake/install_packages.sh

# In the order in which they are best read.
variants="undercomplete deep overcomplete sparse_l1 sparse_kl top_k denoising contractive stacked linear convolutional
          recurrent variational conditional_vae beta_vae iwae gumbel_vae vq_vae wae adversarial unet"
studies="linear_denoiser contractive_or_denoising without_kl gradient_estimators"
out=${OUT:-runs}
build=build/release

install_packages
cmake --preset release
# shellcheck disable=SC2086  # a list of words
cmake --build --preset release --target $variants $studies
mkdir -p "$out"
page=$out/index.html

escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

{
  echo '<!doctype html><html lang="en"><meta charset="utf-8"><title>Hourglass: the course</title>'
  echo '<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 sans-serif;max-width:60em;'
  echo 'margin:2em auto;padding:0 1em}td,th{padding:.3em 1em .3em 0;text-align:left;vertical-align:top;'
  echo 'border-top:1px solid #ccc}td:last-child{text-align:right}.failed{color:#b00}</style>'
  echo '<h1>The course</h1><table><tr><th>program<th>its figure, beside what it must beat<th>seconds'
} >"$page"

failed=
for name in $variants $studies; do
  log=$out/$name.log
  if [[ ${RESUME:-0} = 1 && -f $out/$name/summary.json && -f $log ]]; then
    echo "== $name: has run"
  else
    echo "== $name"
    begin=$SECONDS
    flags=("$@")
    # Studies of mathematics alone have no images to limit.
    [[ $name != gradient_estimators ]] || flags=()
    if "$build/examples/$name" --quiet --out "$out/$name" "${flags[@]}" >"$log" 2>&1; then
      echo "seconds $((SECONDS - begin))" >>"$log"
    else
      echo "failed" >>"$log"
    fi
  fi
  if [[ $(tail -n 1 "$log") = failed ]]; then
    failed+=" $name"
    printf '<tr><td>%s<td class="failed">%s<td>\n' "$name" "$(tail -n 2 "$log" | head -n 1 | escaped)" >>"$page"
  else
    printf '<tr><td><a href="%s/report.html">%s</a><td>%s<td>%s\n' "$name" "$name" \
      "$(tail -n 2 "$log" | head -n 1 | escaped)" "$(tail -n 1 "$log" | cut -d ' ' -f 2)" >>"$page"
    tail -n 2 "$log" | head -n 1
  fi
done
echo '</table></html>' >>"$page"
echo "All reports: $page"
[[ ! $failed ]] || { echo "failed:$failed"; exit 1; }

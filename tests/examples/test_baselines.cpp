// SPDX-License-Identifier: MIT
// The opponents of the picture applications that need no training, against SciPy, scikit-image, PyWavelets and Pillow.
// Reference values come from the call above them, on picture(), with NumPy as np, scipy.ndimage as
// ndi, skimage.restoration and skimage.filters.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "examples/support/baselines/border.h"
#include "examples/support/baselines/filters.h"
#include "examples/support/baselines/resize.h"
#include "examples/support/baselines/threshold.h"
#include "examples/support/baselines/wavelet.h"
#include "tensor/ops.h"
#include "tensor/random.h"
#include "tests/examples/baseline_pictures.h"
#include "tests/numbers.h"

using namespace hourglass;
using namespace hourglass::examples;
using test::close_to;
using test::kNan;
using test::picture;

TEST_CASE("a line is continued by its reflection as often as needed") {
  const Tensor line = Tensor::from({1.0, 2.0, 3.0}, {1, 3});
  const Tensor padded = reflect_pad(line, 4, 5);  // np.pad(line, ((4, 5), (4, 5)), "symmetric")
  CHECK(padded.shape() == Shape{10, 12});
  CHECK(select(padded, 0, 7).to_vector<double>() == std::vector<double>{3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1, 2});
}

TEST_CASE("the median filter is SciPy's, also with even windows and windows larger than the picture") {
  // ndi.median_filter(picture(4, 6), size)
  CHECK(
      close_to(median_filter(picture(4, 6), 3),
               {0.1099009900990099,  0.12772277227722773, 0.21089108910891091, 0.18118811881188118, 0.21089108910891091,
                0.75148514851485149, 0.11881188118811881, 0.12772277227722773, 0.13663366336633662, 0.13663366336633662,
                0.18118811881188118, 0.75148514851485149, 0.11584158415841583, 0.11881188118811881, 0.12772277227722773,
                0.12772277227722773, 0.14554455445544554, 0.75445544554455446, 0.11584158415841583, 0.11584158415841583,
                0.20198019801980197, 0.1099009900990099,  0.2881188118811881,  0.75742574257425743},
               0));
  CHECK(close_to(median_filter(picture(4, 6), 2),
                 {0,
                  0.27029702970297032,
                  0.27029702970297032,
                  0.24059405940594061,
                  0.21089108910891091,
                  0.75148514851485149,
                  0.1099009900990099,
                  0.11881188118811881,
                  0.24059405940594061,
                  0.21089108910891091,
                  0.18118811881188118,
                  0.75148514851485149,
                  0.2198019801980198,
                  0.2198019801980198,
                  0.12772277227722773,
                  0.12772277227722773,
                  0.13663366336633662,
                  0.75445544554455446,
                  0.2198019801980198,
                  0.2198019801980198,
                  0.20198019801980197,
                  0.20198019801980197,
                  0.1099009900990099,
                  0.75742574257425743},
                 0));
  CHECK(
      close_to(median_filter(picture(4, 6), 4),
               {0.11881188118811881, 0.11881188118811881, 0.13663366336633662, 0.18118811881188118, 0.21089108910891091,
                0.75148514851485149, 0.2198019801980198,  0.12772277227722773, 0.21089108910891091, 0.18118811881188118,
                0.21089108910891091, 0.75148514851485149, 0.11881188118811881, 0.11881188118811881, 0.13663366336633662,
                0.14554455445544554, 0.20198019801980197, 0.75148514851485149, 0.11584158415841583, 0.11584158415841583,
                0.12772277227722773, 0.12772277227722773, 0.20198019801980197, 0.75445544554455446},
               0));
  CHECK(equal(median_filter(picture(4, 6), 1), picture(4, 6)));
  // A window of whole periods of the reflection holds every pixel equally often.
  CHECK(median_filter(Tensor::from({1.0, 5.0, 2.0}, {1, 3}), 6).to_vector<double>() == std::vector<double>{2, 2, 2});
  // A NaN makes NaN of all windows that it is in, wherever it stands in them.
  const Tensor broken =
      where(one_hot(Tensor::from<std::int64_t>({12}), 25) == 1, kNan, reshape(picture(5, 5), {1, 25}));
  const Tensor nans = to(isnan(median_filter(reshape(broken, {5, 5}))), Dtype::i64);
  CHECK(sum(nans).item() == 9);
  CHECK(sum(slice(slice(nans, 0, 1, 4), 1, 1, 4)).item() == 9);
}

TEST_CASE("the temporal median is NumPy's") {
  // np.median(np.stack([picture(2, 3, s) for s in (0, 50, 20, 90)]), axis=0)
  const Tensor frames = stack({picture(2, 3, 0), picture(2, 3, 50), picture(2, 3, 20), picture(2, 3, 90)});
  CHECK(close_to(
      temporal_median(frames),
      {0.103960396039604, 0.178217821782178, 0.148514851485149, 0.13960396039604, 0.148514851485149, 0.157425742574257},
      1e-15));
  CHECK(equal(temporal_median(slice(frames, 0, 0, 1)), picture(2, 3, 0)));
  const Tensor hidden = where(frames == select(frames, 0, 2), kNan, frames);
  CHECK(all(isnan(temporal_median(hidden))).item() == 1);
}

TEST_CASE("the Gaussian filter is SciPy's") {
  // ndi.gaussian_filter(picture(4, 6), sigma)
  CHECK(close_to(gaussian_filter(picture(4, 6), 0.9),
                 {0.0979287594899, 0.1674345975318, 0.1966819379802, 0.2081890300668, 0.3351581506577, 0.5676904495666,
                  0.1298348142531, 0.1536298503381, 0.1521799468299, 0.1682825105894, 0.3130115218746, 0.560702496398,
                  0.1471292706547, 0.1514361657561, 0.1370305298696, 0.1539922997081, 0.2987089200721, 0.5535748247258,
                  0.1081748100478, 0.1376339340239, 0.1635808905399, 0.1892814689506, 0.3071238892129, 0.5511138813577},
                 1e-12));
  CHECK(close_to(gaussian_filter(picture(4, 6), 2.5),
                 {0.1707394134311, 0.1888994472757, 0.2232427828036, 0.2676446738265, 0.310383335362,  0.3369427366447,
                  0.1700007361477, 0.1880536886658, 0.2222412287865, 0.2665084590211, 0.30916793528,   0.3356970059473,
                  0.1689560071231, 0.1868633911051, 0.220839025391,  0.2649228198918, 0.3074740422849, 0.3339613960517,
                  0.1682186920954, 0.1860269875371, 0.2198582564061, 0.2638168150582, 0.3062937798324, 0.3327522945261},
                 1e-12));
}

TEST_CASE("the bilateral filter is its formula in NumPy") {
  // def bilateral(x, color, space, r):  # x [channels, h, w]
  //     p = np.pad(x, ((0, 0), (r, r), (r, r)), "symmetric")
  //     o = sliding_window_view(p, x.shape[1:], (1, 2))  # [channels, dy, dx, h, w]
  //     d = np.arange(-r, r + 1) ** 2
  //     w = np.exp(-((o - x[:, None, None]) ** 2).sum(0) / (2 * color**2)
  //                - (d[:, None] + d)[..., None, None] / (2 * space**2))
  //     return (w * o).sum((1, 2)) / w.sum((0, 1))
  // denoise_bilateral(x, color, space, bins=10**6, mode="symmetric") differs by 2e-7, once its table of distances, whose
  // middle scikit-image 0.19 displaces by half a pixel, is set right.
  // bilateral(picture(4, 6)[None], .2, .9, 3)
  CHECK(
      close_to(bilateral_filter(picture(4, 6), 0.2, 0.9),
               {0.06752808784992, 0.1958591788249, 0.2036186662749, 0.1887881133789, 0.1797318998196, 0.7484385262915,
                0.125496509417,   0.1479766567732, 0.1479861432897, 0.1438669472117, 0.1464822455428, 0.7516245606085,
                0.1606787994531,  0.1726471472611, 0.1124711577897, 0.1156334369317, 0.1196778270648, 0.755144774822,
                0.09090484311121, 0.1330991730115, 0.1715643186722, 0.1950466587452, 0.1175609399187, 0.7571519710973},
               1e-12));
  // bilateral(np.stack([picture(4, 6, s) for s in (0, 17, 60)]), .3, .5, 2)[:, 1]
  const Tensor colours = stack({picture(4, 6, 0), picture(4, 6, 17), picture(4, 6, 60)});
  const Tensor filtered = bilateral_filter(unsqueeze(colours, 0), 0.3, 0.5);
  CHECK(
      close_to(select(filtered, 2, 1),
               {0.1121796398801, 0.1373268363914, 0.1318231639804, 0.138304782442, 0.145928888755, 0.7542647564372,
                0.1576622181478, 0.1496275546776, 0.1771394850296, 0.1887428790413, 0.1964171246592, 0.8047598058623,
                0.2638263462761, 0.254601067587, 0.04938096884155, 0.03999570162739, 0.04656226545738, 0.632502135436},
               1e-12));
  // Without a fourth axis, each plane is a picture.
  const Tensor alone = select(bilateral_filter(colours, 0.3, 0.5), 0, 1);
  CHECK(equal(alone, bilateral_filter(picture(4, 6, 17), 0.3, 0.5)));
  CHECK(max(abs(alone - select(select(filtered, 0, 0), 0, 1))).item() > 1e-3);
}

TEST_CASE("total variation is scikit-image's, and 200 steps minimise it") {
  // denoise_tv_chambolle(picture(4, 6), .15, eps=0, max_num_iter=21): the first iteration computes no step
  CHECK(close_to(total_variation(picture(4, 6), 0.15, 20),
                 {0.1525461079639, 0.170355637486,  0.1822697378683, 0.1969801242366, 0.2218529893038, 0.6055790415563,
                  0.1579354336981, 0.1647874625787, 0.1736822184314, 0.185574975639,  0.2009267728485, 0.6058510887022,
                  0.1591653777765, 0.1642499978654, 0.1692369459645, 0.1795433309859, 0.1856768369068, 0.6062339660328,
                  0.1560435003168, 0.1618950500352, 0.1716436687241, 0.1830634914752, 0.1879209983848, 0.6064901957143},
                 1e-12));
  const auto energy = [](const Tensor& u) {
    const Tensor dy = pad(diff(u, 1, 0), {{0, 1}, {0, 0}}), dx = pad(diff(u, 1, 1), {{0, 1}});
    return sum(square(u - picture(16, 20)) / 2 + 0.15 * sqrt(square(dy) + square(dx))).item();
  };
  const double found = energy(total_variation(picture(16, 20), 0.15));
  CHECK(found <= energy(total_variation(picture(16, 20), 0.15, 20)));
  CHECK(found <= 1.001 * energy(total_variation(picture(16, 20), 0.15, 5000)));
  CHECK(equal(total_variation(picture(4, 6), 0.15, 0), picture(4, 6)));
}

TEST_CASE("wavelet shrinkage is scikit-image's with sym4 and BayesShrink") {
  const auto energy = [](const Tensor& x) { return sum(square(x)).item(); };
  // denoise_wavelet(picture(20, 31), sigma=.08, wavelet="sym4", wavelet_levels=levels, rescale_sigma=False), there
  // [[0, 10, 19]][:, [0, 7, 15, 22, 29, 30]]
  const auto some = [](const Tensor& x) {
    return index_select(index_select(x, 0, Tensor::from<std::int64_t>({0, 10, 19})), 1,
                        Tensor::from<std::int64_t>({0, 7, 15, 22, 29, 30}));
  };
  const Tensor one = wavelet_denoise(picture(20, 31), 0.08, 1), two = wavelet_denoise(picture(20, 31), 0.08, 2);
  CHECK(close_to(some(one),
                 {0.02198122877718, 0.6978751487597, 0.7391749255521, 0.2264467115412, 0.595335779474, 0.01769326165155,
                  0.1976908362998, 0.8795211876822, 0.7401636289857, 0.268357730049, 0.627320120009, 0.07110731072341,
                  0.2454115229759, 0.686204352557, 0.713523984729, 0.1575187567366, 0.6611117266972, 0.07522289902623},
                 1e-11));
  CHECK(energy(one) == doctest::Approx(182.6717703768).epsilon(1e-11));
  CHECK(
      close_to(some(two),
               {0.04481519171655, 0.6951964839414, 0.7365599963096, 0.2043532080448, 0.5931233787515, 0.04271489920175,
                0.1911724773045, 0.8737518345112, 0.7378078980045, 0.2583443218941, 0.6267641149396, 0.08911675251848,
                0.2402502284802, 0.6871310600146, 0.711985839499, 0.1536402701842, 0.6620896728987, 0.07820974615381},
               1e-11));
  CHECK(energy(two) == doctest::Approx(181.3219315642).epsilon(1e-11));
  // The same of x = picture(1, 61)[0] + np.sin(np.arange(61) / 9) with three levels, there [::5]
  const Tensor series = select(picture(1, 61), 0, 0) + sin(arange(0, 61, 1, Dtype::f64) / 9.0);
  const Tensor quiet = wavelet_denoise_series(series, 0.08, 3);
  CHECK(close_to(slice(quiet, 0, 0, 61, 5),
                 {0.03815014452451, 1.246498504678, 0.9373222707875, 1.697069336477, 0.863012037319, 1.083516437932,
                  -0.1461284598736, 0.03385183246196, -0.8951473633593, -0.2241616318325, -0.6123119430529,
                  0.5419050369792, 0.4116030392124},
                 1e-11));
  CHECK(energy(quiet) == doctest::Approx(44.57276320468).epsilon(1e-11));
  // As many levels as pywt.dwt_max_level: 1 for 20, 3 for 61
  CHECK(equal(wavelet_denoise(picture(20, 31), 0.08), one));
  CHECK(equal(wavelet_denoise_series(series, 0.08), quiet));
}

TEST_CASE("without noise, wavelet shrinkage gives back what it was given, of any extent") {
  for (const std::int64_t extent : {1, 2, 3, 7, 8, 13, 14, 31}) {
    CAPTURE(extent);
    const Tensor x = picture(extent, 9);
    CHECK(max(abs(wavelet_denoise(x, 0, 3) - x)).item() < 1e-11);
    CHECK(max(abs(wavelet_denoise_series(transpose(x), 0, 3) - transpose(x))).item() < 1e-11);
  }
  CHECK(max(abs(wavelet_denoise(zeros({8, 8}), 0))).item() == 0);
}

TEST_CASE("of a picture of noise alone, wavelet shrinkage leaves next to nothing") {
  Rng rng(2);
  const Tensor noise = rng.normal({64, 64}, 0, 0.1, Dtype::f64);
  const auto left = [&](double sigma) { return mean(square(wavelet_denoise(noise + 0.5, sigma) - 0.5)).item() / 0.01; };
  CHECK(left(0.1) < 0.05);  // 1 / 64 of the noise is in the coarse coefficients
  CHECK(left(0.05) > 0.3);  // told of too little noise, it takes the rest for the picture
}

TEST_CASE("bicubic resizing is Pillow's, larger, smaller and both") {
  const auto resized = [](std::int64_t h, std::int64_t w, std::int64_t height, std::int64_t width) {
    return resize_bicubic(to(picture(h, w), Dtype::f32), height, width);
  };
  // np.array(Image.fromarray(picture(5, 7).astype(np.float32)).resize((9, 8), Image.BICUBIC))
  CHECK(close_to(
      resized(5, 7, 8, 9),
      {-0.0215934608, 0.19059065,   0.288817763,  0.241497695, 0.216234326, 0.150641769,  0.507271409,  0.781368017,
       0.717252374,   0.0300367381, 0.150019974,  0.214682817, 0.199086264, 0.185313433,  0.132226646,  0.501362085,
       0.788921535,   0.735329211,  0.117173105,  0.119432509, 0.119871229, 0.121844657,  0.131443262,  0.100375414,
       0.491202027,   0.801947057,  0.766501427,  0.206411928, 0.239485845, 0.144483298,  0.0192573797, 0.0634259209,
       0.0689710677,  0.483517885,  0.813284516,  0.793633938, 0.149518505, 0.204978555,  0.139168039,  0.0404257849,
       0.100694232,   0.0365682989, 0.471742183,  0.847640991, 0.840908051, 0.0134509131, 0.0684880689, 0.136899516,
       0.205423668,   0.265220851,  0.0491921492, 0.450992078, 0.85479331,  0.864378452,  0.44449237,   0.529325366,
       0.539056897,   0.52584511,   0.617667139,  0.452628165, 0.386773765, 0.433986694,  0.515947521,  0.784648418,
       0.891085386,   0.83638072,   0.736646593,  0.851691544, 0.749278784, 0.342893451,  0.121483311,  0.253974557},
      5e-7));
  // np.array(Image.fromarray(picture(12, 13).astype(np.float32)).resize((4, 5), Image.BICUBIC)), and to (15, 2)
  CHECK(close_to(resized(12, 13, 5, 4),
                 {0.0961729437, 0.431905776, 0.744160175,  0.232501522, 0.340999544, 0.441510826, 0.551630735,
                  0.36420846,   0.851044595, 0.468582094,  0.114856243, 0.706258476, 0.365382314, 0.474690348,
                  0.571575701,  0.34954688,  0.0770437345, 0.44378674,  0.80423522,  0.249133587},
                 5e-7));
  CHECK(close_to(resized(12, 13, 2, 15), {0.358683318, 0.423720568, 0.400026917, 0.399145663, 0.379813164, 0.382893801,
                                          0.53239435,  0.534151971, 0.514072239, 0.490326911, 0.491336524, 0.448365271,
                                          0.389385402, 0.386861384, 0.399540931, 0.389449745, 0.414343923, 0.38661468,
                                          0.397863954, 0.405022234, 0.425869823, 0.545237541, 0.532285929, 0.534725785,
                                          0.530935705, 0.542921901, 0.47565943,  0.395817429, 0.392633528, 0.341641247},
                 5e-7));
  CHECK(max(abs(resize_bicubic(picture(5, 7), 5, 7) - picture(5, 7))).item() < 1e-15);
}

TEST_CASE("Sauvola's threshold is scikit-image's") {
  // threshold_sauvola(np.pad(picture(6, 7), 2, "symmetric"), 5, k=.3, r=.4)[2:-2, 2:-2]
  CHECK(close_to(sauvola(picture(6, 7), 5, 0.3, 0.4),
                 {0.1149454653341, 0.1053087247198, 0.114010570235,  0.250121483292,  0.3630457360377, 0.4739998314778,
                  0.5588703874138, 0.1127128785193, 0.1083013963579, 0.1172722265649, 0.2555200386987, 0.3725035929757,
                  0.4849881042589, 0.5678319342398, 0.2435502659965, 0.2384538329369, 0.2378867243537, 0.3204124064268,
                  0.3912180039055, 0.4700127757124, 0.5226741747302, 0.3772081025469, 0.3755901041639, 0.3572830947832,
                  0.3803405279529, 0.4073287750185, 0.4379673322565, 0.4572280515811, 0.5057408507488, 0.5052716407154,
                  0.4755852759496, 0.4470957375845, 0.4270176728291, 0.401772924813,  0.3764394344993, 0.5955923623092,
                  0.5936041309463, 0.5646595794651, 0.5091428103966, 0.4498583341276, 0.3820824330012, 0.3031700910777},
                 1e-12));
}

TEST_CASE("a page with a shadow is cleaned to ink and paper") {
  const std::int64_t side = 40;
  const Tensor row = arange(0, side, 1, Dtype::f64);
  const Tensor light = expand(1 - 0.6 * row / static_cast<double>(side), {side, side});  // darker to the right
  const Tensor stripes = expand(to(unsqueeze(row - 8 * floor(row / 8.0), 1) < 2, Dtype::f64), {side, side});
  const Tensor page = light * (1 - 0.5 * stripes), ink = 1 - stripes;
  const Tensor threshold = sauvola(page);
  CHECK(equal(clean_page(page, threshold), ink));
  CHECK(sum(abs(to(page > 0.5, Dtype::f64) - ink)).item() > 100);  // which no single threshold does
  // Half way up the ramp at the threshold, and its ends half its width from there
  const Tensor level = Tensor::from({0.29, 0.3, 0.35, 0.4, 0.425, 0.5, 0.51});
  const Tensor soft = clean_page(level, full({7}, 0.4, Dtype::f64), 0.2);
  CHECK(close_to(soft, {0, 0, 0.25, 0.5, 0.625, 1, 1}, 1e-12));
  CHECK(clean_page(zeros({1}), zeros({1})).item() == 0);  // a black page stays black
  CHECK(std::isnan(clean_page(full({1}, kNan), zeros({1})).item()));
}

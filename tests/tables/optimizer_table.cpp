// SPDX-License-Identifier: MIT
// Every built-in optimizer, with default and with other options.
#include "tests/tables/optimizer_table.h"

#include <type_traits>
#include <utility>

#include "optim/adadelta.h"
#include "optim/adagrad.h"
#include "optim/adam.h"
#include "optim/adamax.h"
#include "optim/adamw.h"
#include "optim/asgd.h"
#include "optim/lion.h"
#include "optim/nadam.h"
#include "optim/radam.h"
#include "optim/rmsprop.h"
#include "optim/rprop.h"
#include "optim/sgd.h"

namespace hourglass::test {
namespace {

template <class O>
using OptionsOf = std::remove_cvref_t<decltype(std::declval<const O&>().options())>;

template <class O>
auto make(OptionsOf<O> options) {
  return [options](std::vector<Parameter> parameters) { return std::make_unique<O>(std::move(parameters), options); };
}

}  // namespace

const std::vector<OptimizerRow>& optimizer_table() {
  static const std::vector<OptimizerRow> rows{
      {"SGD", make<optim::SGD>({.lr = 0.05})},
      {"SGD, weight decay", make<optim::SGD>({.lr = 0.05, .weight_decay = 0.1})},
      {"SGD, momentum", make<optim::SGD>({.lr = 0.05, .momentum = 0.9})},
      {"SGD, dampening", make<optim::SGD>({.lr = 0.05, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01})},
      {"SGD, Nesterov", make<optim::SGD>({.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true})},
      {"SGD, maximize", make<optim::SGD>({.lr = 0.001, .momentum = 0.5, .weight_decay = 0.5, .maximize = true})},
      {"Adam", make<optim::Adam>({.lr = 0.05})},
      {"Adam, all options", make<optim::Adam>({.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1})},
      {"Adam, amsgrad", make<optim::Adam>({.lr = 0.02, .betas = {0.9, 0.8}, .weight_decay = 0.1, .amsgrad = true})},
      {"Adam, maximize", make<optim::Adam>({.lr = 0.001, .maximize = true})},
      {"AdamW", make<optim::AdamW>({.lr = 0.05})},
      {"AdamW, all options", make<optim::AdamW>({.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.2})},
      {"AdamW, amsgrad", make<optim::AdamW>({.lr = 0.02, .betas = {0.9, 0.8}, .amsgrad = true})},
      {"NAdam", make<optim::NAdam>({.lr = 0.05})},
      {"NAdam, all options",
       make<optim::NAdam>({.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1, .momentum_decay = 0.1})},
      {"RAdam", make<optim::RAdam>({.lr = 0.05})},
      {"RAdam, all options", make<optim::RAdam>({.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1})},
      {"Adamax", make<optim::Adamax>({.lr = 0.05})},
      {"Adamax, all options",
       make<optim::Adamax>({.lr = 0.02, .betas = {0.8, 0.95}, .eps = 1e-3, .weight_decay = 0.1})},
      {"RMSprop", make<optim::RMSprop>({.lr = 0.01})},
      {"RMSprop, weight decay", make<optim::RMSprop>({.lr = 0.01, .alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1})},
      {"RMSprop, momentum", make<optim::RMSprop>({.lr = 0.01, .alpha = 0.9, .momentum = 0.7})},
      {"RMSprop, centered", make<optim::RMSprop>({.lr = 0.01, .alpha = 0.9, .eps = 1e-2, .centered = true})},
      {"RMSprop, all options",
       make<optim::RMSprop>(
           {.lr = 0.005, .alpha = 0.9, .eps = 1e-2, .weight_decay = 0.1, .momentum = 0.5, .centered = true})},
      {"Adagrad", make<optim::Adagrad>({.lr = 0.1})},
      {"Adagrad, all options",
       make<optim::Adagrad>(
           {.lr = 0.2, .lr_decay = 0.1, .weight_decay = 0.1, .initial_accumulator_value = 0.3, .eps = 1e-3})},
      {"Adadelta", make<optim::Adadelta>({})},
      {"Adadelta, all options", make<optim::Adadelta>({.lr = 5, .rho = 0.8, .eps = 1e-4, .weight_decay = 0.1})},
      {"ASGD", make<optim::ASGD>({.lr = 0.05})},
      {"ASGD, all options", make<optim::ASGD>({.lr = 0.05, .lambd = 0.1, .alpha = 0.6, .t0 = 20, .weight_decay = 0.1})},
      {"Lion", make<optim::Lion>({.lr = 0.01, .betas = {0.8, 0.95}, .weight_decay = 0.1})},
      {"Rprop", make<optim::Rprop>({})},
      {"Rprop, all options", make<optim::Rprop>({.lr = 0.05, .etas = {0.4, 1.3}, .step_sizes = {1e-3, 0.1}})},
  };
  return rows;
}

}  // namespace hourglass::test

// SPDX-License-Identifier: MIT
// What a checkpoint says of its run: the JSON of an example.
#include <string>

#include "examples/support/run_json.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes) {
  hourglass::examples::Args args;
  args.config = {{"lr", hourglass::examples::Value(0.001)}};
  hourglass::examples::run_state_in({{"config", R"({"lr":0.001})"}, {"run", std::string(bytes)}}, args, "fuzz");
  hourglass::examples::run_state_in({{"config", std::string(bytes)}, {"run", "{}"}}, args, "fuzz");
}

// SPDX-License-Identifier: MIT
// Pictures of the tape: text, DOT, an HTML page; and the trace, which finds the call of each op.
#include <algorithm>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/distributions.h"
#include "autograd/grad.h"
#include "autograd/inspect/tape_picture.h"
#include "autograd/ops.h"
#include "autograd/stochastic.h"
#include "tests/autograd/small_vae.h"
#include "tests/error_of.h"
#include "tests/json.h"

using namespace hourglass;
using test::Json;
using test::SmallVae;

TEST_CASE("the tape as text") {
  const Parameter w("w", Tensor::from({0.25})), x("x", Tensor::from({4.0}));
  Trace trace;
  const Var h = tanh(Var(w) * Var(x));
  const Var j = grad(sum(h), Var(x), {.create_graph = true});
  const Var p = sum(square(j));
  std::string text = tape_text(p, {.parameters = {w, x}, .trace = &trace});
  text = std::regex_replace(text, std::regex("[ ]*(called at|[^ ]*test_tape_picture|DOCTEST|TestCase)[^\n]*"), "");
  text = std::regex_replace(text, std::regex("  [^ \n]*::[^\n]*"), "");
  CHECK(text.find("node  op          from  gives   values  |gradient|  order") == 0);
  for (const char* const row :
       {"1     w                 f64[1]  0.25    0.0461", "2     x                 f64[1]  4       0.0084",
        "3     mul         1, 2  f64[1]  1       0.0336", "4     tanh        3     f64[1]  0.762   0.08",
        "5     tanh_grad   4     f64[1]  0.42    0.0525      1",
        "6     strong_mul  5, 1  f64[1]  0.105   0.21        1", "7     square      6     f64[1]  0.011   1",
        "8     sum         7     f64[]   0.011   1"}) {
    CAPTURE(text);
    CHECK(text.find(row) != std::string::npos);
  }
  const std::string plain = tape_text(p, {.gradients = false});
  CHECK(plain.find("gradient") == std::string::npos);
  CHECK(plain.find("values") == std::string::npos);
  CHECK(grad(p, Var(w)).item() == doctest::Approx(-0.0461).epsilon(0.01));  // the graph is still there
  CHECK(error_of([] { tape_text(constant(scalar(1))); }) == "tape: f32[] is a constant: there is no tape behind it");
}

TEST_CASE("a Trace knows the line that called an op") {
  Rng rng(0);
  const SmallVae model(rng);
  Trace trace;
  const int line = __LINE__ + 1;
  const Var y = exp(model.hidden(constant(rng.uniform({2, 12}))));
  const Trace::Note* const own = trace.note(y.node()->id());
  REQUIRE(own != nullptr);
  CHECK(own->path.empty());
  const Trace::Note* const below = trace.note(y.node()->input(0)->id());
  REQUIRE(below != nullptr);
  CHECK(below->path == "hidden");
  const std::string where = trace.line_of(*own), inside = trace.line_of(*below);
  CAPTURE(where);
  CAPTURE(inside);
  // Release builds have only the function, or a program and an offset if addr2line is missing.
  const bool has_lines = where.find(".cpp:") != std::string::npos;
#if defined(__linux__) && !defined(NDEBUG)
  CHECK((has_lines || std::system("addr2line --version > /dev/null 2>&1") != 0));
#endif
  if (has_lines) {
    CHECK(where.find(join("tests/autograd/test_tape_picture.cpp:", line)) == 0);
    CHECK(inside.find(join("tests/autograd/test_tape_picture.cpp:", line)) == 0);
  } else {
    CHECK(where.find("hourglass::") != 0);
  }
}

TEST_CASE("a tape of a million nodes is printed up to the limit") {
  const Var x = variable(scalar(0.5));
  Var y = x;
  for (int i = 0; i < 1000000; ++i) y = neg(y);
  const std::string text = tape_text(y, {.gradients = false, .limit = 5});
  CHECK(text.find("999996 older nodes are not shown\n") == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') == 7);
  CHECK(text.find("\n1000001") != std::string::npos);
  const std::string with = tape_text(y, {.limit = 5});  // and the gradients of the part that is shown
  CHECK(with.find("1000001  neg  1000000  f32[]  1") != std::string::npos);
}

TEST_CASE("a tape whose derivative is an error is drawn without gradients, with the reason") {
  Rng rng(1);
  const Var logits = variable(zeros({3}));
  const Var cost = sum(sample(Bernoulli(logits), rng, score_function()));
  const std::string text = tape_text(cost);
  CHECK(text.find("sample") != std::string::npos);
  CHECK(text.find("no gradients: sample: a gradient has reached a sample of Bernoulli") != std::string::npos);
}

TEST_CASE("names in pictures are quoted") {
  const Parameter odd("a \"b\" <c> & 'd' \\ </script>", Tensor::from({1.0}));
  const Var y = square(Var(odd));
  const std::string dot = tape_dot(y, {.parameters = {odd}}),
                    html = tape_html(y, {.parameters = {odd}, .title = "<&>"});
  CHECK(dot.find("a \\\"b\\\" <c> & 'd' \\\\ </script>") != std::string::npos);
  CHECK(html.find("a &quot;b&quot; &lt;c&gt; &amp; &#39;d&#39; \\ &lt;/script&gt;") != std::string::npos);
  CHECK(html.find("<title>&lt;&amp;&gt;</title>") != std::string::npos);
  CHECK(html.find("<c>") == std::string::npos);
}

namespace {

// Statements of a DOT graph, strictly: names, edges, attributes in quotes or plain words.
void check_dot(const std::string& dot) {
  const std::string quoted = R"re("(?:[^"\\\n]|\\.)*")re", word = "[A-Za-z0-9_]+";
  const std::string attribute = word + "=(?:" + quoted + "|" + word + ")";
  const std::string list = "\\[" + attribute + "(?:, " + attribute + ")*\\]";
  const std::regex statement("  " + word + "(?: -> " + word + ")? " + list + ";");
  std::istringstream lines(dot);
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(line == "digraph tape {");
  bool closed = false;
  while (std::getline(lines, line)) {
    CAPTURE(line);
    CHECK(!closed);
    if (line == "}") closed = true;
    else CHECK(std::regex_match(line, statement));
  }
  CHECK(closed);
}

// Every tag is closed by its own name, attributes are quoted, and nothing is fetched from anywhere.
void check_html(std::string html) {
  CHECK(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("@import") == std::string::npos);
  CHECK(html.find("url(") == std::string::npos);
  CHECK(html.find("fetch(") == std::string::npos);
  const std::string namespace_of_svg = "http://www.w3.org/2000/svg";
  for (std::size_t at = 0; (at = html.find("http", at)) != std::string::npos; at += 4)
    CHECK(html.compare(at, namespace_of_svg.size(), namespace_of_svg) == 0);
  for (const std::string element : {"script", "style"})  // their content is not markup
    for (std::size_t at = 0; (at = html.find('<' + element, at)) != std::string::npos;) {
      const std::size_t begin = html.find('>', at) + 1, end = html.find("</" + element + '>', begin);
      REQUIRE(end != std::string::npos);
      html.erase(begin, end - begin);
      at = begin;
    }
  const std::regex opening(R"re(([a-zA-Z0-9]+)((?: [a-zA-Z-]+="[^"<>]*")*)(/?))re");
  std::vector<std::string> open;
  for (std::size_t at = html.find('<', 10); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    REQUIRE(end != std::string::npos);
    const std::string tag = html.substr(at + 1, end - at - 1);
    CAPTURE(tag);
    if (tag[0] == '/') {
      REQUIRE(!open.empty());
      CHECK(open.back() == tag.substr(1));
      open.pop_back();
      continue;
    }
    std::smatch match;
    REQUIRE(std::regex_match(tag, match, opening));
    if (match[3].length() == 0 && match[1] != "meta") open.push_back(match[1]);
  }
  CHECK(open.empty());
}

// The nodes of a page.
std::vector<Json> data_of(const std::string& html) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = html.find(begin) + begin.size();
  return Json::parse(html.substr(at, html.find("</script>", at) - at)).items();
}

bool is(const Json& node, const char* key, const std::string& text) {
  return node.contains(key) && node[key].is_string() && node[key].text() == text;
}
std::size_t place(const Json& number) { return static_cast<std::size_t>(number.integer()); }

// Boxes of a page, as [left, top, right, bottom].
std::vector<std::vector<double>> boxes_of(const std::string& html) {
  const std::regex rect(R"re(<rect x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)")re");
  std::vector<std::vector<double>> boxes;
  for (auto match = std::sregex_iterator(html.begin(), html.end(), rect); match != std::sregex_iterator(); ++match) {
    const double x = std::stod((*match)[1]), y = std::stod((*match)[2]);
    boxes.push_back({x, y, x + std::stod((*match)[3]), y + std::stod((*match)[4])});
  }
  return boxes;
}

void check_page(const std::string& html, const std::vector<Parameter>& parameters, const std::vector<Var>& gradients) {
  check_html(html);
  const std::vector<Json> nodes = data_of(html);
  const std::vector<std::vector<double>> boxes = boxes_of(html);
  REQUIRE(boxes.size() == nodes.size());
  for (std::size_t a = 0; a < boxes.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      CAPTURE(nodes[a]["op"].text());
      CAPTURE(nodes[b]["op"].text());
      const bool apart = boxes[a][2] <= boxes[b][0] || boxes[b][2] <= boxes[a][0] || boxes[a][3] <= boxes[b][1] ||
                         boxes[b][3] <= boxes[a][1];
      CHECK(apart);
    }
  for (std::size_t k = 0; k < nodes.size(); ++k)
    for (const Json& link : nodes[k]["inputs"].items())
      CHECK(boxes[place(link["to"])][3] < boxes[k][1]);  // inputs lie above
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto found =
        std::find_if(nodes.begin(), nodes.end(), [&](const Json& n) { return is(n, "name", parameters[i].name()); });
    CAPTURE(parameters[i].name());
    REQUIRE(found != nodes.end());
    const double norm = hourglass::norm(to(gradients[i].value(), Dtype::f64)).item();
    CHECK((*found)["g"]["norm"].number() == doctest::Approx(norm).epsilon(0.01));
    // A path of gradients leads from the end to it, each step with its derivative in words.
    std::size_t at = static_cast<std::size_t>(found - nodes.begin()), steps = 0;
    while (at + 1 != nodes.size()) {
      REQUIRE(nodes[at]["users"].size() != 0);
      const std::size_t user = place(nodes[at]["users"][0]);
      const std::vector<Json> links = nodes[user]["inputs"].items();
      const auto link = std::find_if(links.begin(), links.end(), [&](const Json& l) { return place(l["to"]) == at; });
      REQUIRE(link != links.end());
      CHECK(!(*link)["words"].text().empty());
      CHECK((*link)["share"]["norm"].is_number());
      at = user;
      REQUIRE(++steps < nodes.size());
    }
  }
}

}  // namespace

TEST_CASE("pages of VAE and contractive steps are well formed and connect loss and weights") {
  Rng rng(3);
  const SmallVae model(rng);
  const Var x = constant(rng.uniform({4, 12}));
  for (const bool vae : {true, false}) {
    CAPTURE(vae);
    Trace trace;
    const Var loss = vae ? model.loss(x, rng) : contractive(model, x);
    std::vector<Parameter> parameters;
    for (const Parameter& p : model.parameters())
      if (vae || p.name().starts_with("hidden") || p.name().starts_with("mean")) parameters.push_back(p);
    const PictureOptions options{.parameters = parameters, .trace = &trace, .title = "a step"};
    const std::string html = tape_html(loss, options);
    check_page(html, parameters, grad(loss, parameters, {.retain_graph = true}));
    check_dot(tape_dot(loss, options));
    const std::vector<Json> nodes = data_of(html);
    const bool second =
        std::any_of(nodes.begin(), nodes.end(), [](const Json& n) { return n["order"].integer() == 1; });
    CHECK(second == !vae);
    CHECK((html.find("class=\"node order1\"") != std::string::npos) == !vae);
    const auto linear = std::find_if(nodes.begin(), nodes.end(),
                                     [](const Json& n) { return is(n, "path", "hidden") && is(n, "op", "linear"); });
    REQUIRE(linear != nodes.end());
    CHECK((*linear)["value"]["n"].integer() == 32);
    if (vae) CHECK((*linear)["constants"].size() == 1);  // the images
  }
}

TEST_CASE("a page of a graph with long lines and many branches has no boxes that overlap") {
  Rng rng(5);
  std::vector<Var> pool{variable(rng.normal({3})), variable(rng.normal({3}))};
  for (int i = 0; i < 150; ++i) {
    const Var& a = pool[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(pool.size())))];
    const Var& b = pool[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(pool.size())))];
    pool.push_back(i % 3 == 0 ? tanh(a) : i % 3 == 1 ? a + b : a * b * 0.1);
  }
  Var total = sum(pool.back());
  for (const Var& v : pool) total = total + sum(v);
  check_page(tape_html(total, {.limit = 1000}), {}, {});
}

#include "app/man_page.h"

#include "app/completion.h"
#include "flow/normalizing_flow.h"
#include "testing.h"

using namespace couplet;

namespace {

const ToolDescription tool = {
    .info = {.name = "nf-try",
             .summary = "Try a flow.",
             .about = "",
             .example = "nf-try 'a b' -o out.h5"},
    .arguments = {{.name = "data", .help = "a dataset", .required = true},
                  {.name = "more", .help = ".npz or 'none'", .many = true}},
    .flags = {{.name = "-o, --output", .value = "OUTPUT", .help = "written", .required = true},
              {.name = "--device", .value = "auto|cpu", .help = "where", .fallback = "auto"}},
    .options = {{{"flow", "normalizing flow", "the flow", "tarflow"}, &normalizing_flows()},
                {{"flip", "true|false", "mirror", false}},
                {{"train.steps", "integer", "how many", 3}}}};

}  // namespace

TEST_CASE("Roff prints a text letter by letter", "[app]") {
  CHECK(roff("few-step 'x' \"y\" `z`") == "few\\-step \\(aqx\\(aq \\(dqy\\(dq \\(gaz\\(ga");
  CHECK(roff("a\\n^~") == "a\\en\\(ha\\(ti");
  // What begins a line with a dot or a quote is a request.
  CHECK(roff(".npz and .png") == "\\&.npz and .png");
  CHECK(roff("one\n.two\n'three") == "one\n\\&.two\n\\(aqthree");
  CHECK(roff("Fréchet … 𝄞") == "Fr\\[u00E9]chet \\[u2026] \\[u1D11E]");
  CHECK(roff("cut \xc3") == "cut \\[u0003]");
}

TEST_CASE("A manual page has all of a tool's description", "[app]") {
  const std::string page = man_page(tool);
  CHECK_THAT(page, contains("\n.TH NF\\-TRY 1 "));
  CHECK_THAT(page, contains(".SH NAME\nnf\\-try \\- try a flow\n"));
  CHECK_THAT(page, contains("\\fBnf\\-try\\fR data more... \\-o OUTPUT [FLAG]..."));
  CHECK_THAT(page, contains(".TP\n\\fBmore\\fR\n\\&.npz or \\(aqnone\\(aq\n"));
  CHECK_THAT(page, contains("\\fB\\-\\-device\\fR \\fIauto|cpu\\fR\nwhere (default auto)\n"));
  CHECK_THAT(page, contains("\\fBtrain.steps\\fR (integer; 3)\nhow many\n"));
  for (const auto& name : normalizing_flows().names()) {
    CHECK_THAT(page, contains(".TP\n\\fBflow=" + name + "\\fR\n"));
    for (const auto& option : normalizing_flows().options(name, "flow")) {
      CHECK_THAT(page, contains(".TP\n\\fB" + roff(option.path) + "\\fR ("));
    }
  }
  CHECK_THAT(page, contains(".SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone\n"));
  CHECK_THAT(page, contains("nf\\-try \\(aqa b\\(aq \\-o out.h5\n.EE\n"));
  CHECK_THAT(page, !contains("OUTPUT.jsonl"));  // without train.log_every nothing is logged
  for (const auto& name : tool_names()) CHECK_THAT(page, contains("\\fB" + roff(name) + "\\fR(1)"));
}

TEST_CASE("A completion has the same words", "[app]") {
  const std::string file = completion(tool);
  CHECK_THAT(file, contains("local flags=' -o --output --device'"));
  CHECK_THAT(
      file,
      contains("local options=' flow=tarflow flow=spline flip=true flip=false train.steps='"));
  CHECK_THAT(file, contains(" flow.patch= "));
  CHECK_THAT(file, contains("    --device) offered='auto cpu' ;;\n"));
  CHECK_THAT(file, contains("complete -o bashdefault -o default -F _nf_try nf-try\n"));
}

#define CATCH_CONFIG_MAIN
#include "testing.h"

#include <ATen/Context.h>
#include <ATen/record_function.h>

#include <cstdlib>
#include <filesystem>

namespace couplet::testing {

std::vector<std::string> golden_files(const std::string& folder, const std::string& prefix,
                                      const std::string& ending) {
  const char* given = std::getenv("COUPLET_GOLDEN");
  const std::filesystem::path root = given ? given : COUPLET_SOURCE_DIR "/tests/reference";
  std::vector<std::string> files;
  if (!std::filesystem::exists(root / folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(ending)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void check_golden(const h5::File& file, const std::string& name, const Tensor& result) {
  const std::string exact = file.has("reference64/" + name) ? "reference64/" : "outputs/";
  const Tensor expected = file.read(exact + name);
  const double tolerance = file.attribute("outputs/" + name, "tolerance_abs").get<double>();
  INFO(file.path() << ", " << name << ": tolerance " << tolerance);
  REQUIRE(result.sizes() == expected.sizes());
  CHECK(distance(result, expected) <= tolerance);
}

Tensors golden_weights(const h5::File& file) {
  Tensors weights;
  for (const auto& name : file.datasets("weights")) weights[name] = file.read("weights/" + name);
  return weights;
}

std::vector<c10::Device> devices() {
  std::vector<c10::Device> list{c10::kCPU};
  if (at::hasCUDA()) list.push_back(c10::kCUDA);
  return list;
}

namespace {

thread_local std::set<std::string>* reads = nullptr;

std::unique_ptr<at::ObserverContext> note(const at::RecordFunction& call) {
  static const std::set<std::string> host = {"aten::_local_scalar_dense",
                                             "aten::item",
                                             "aten::is_nonzero",
                                             "aten::nonzero",
                                             "aten::equal",
                                             "aten::masked_select",
                                             "aten::_unique2"};
  if (reads != nullptr && host.contains(call.name())) reads->insert(call.name());
  return nullptr;
}

}  // namespace

std::set<std::string> host_reads(const std::function<void()>& work) {
  std::set<std::string> found;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(note));
  reads = &found;
  work();
  reads = nullptr;
  at::removeCallback(handle);
  return found;
}

}  // namespace couplet::testing

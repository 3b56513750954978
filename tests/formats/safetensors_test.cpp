#include "formats/safetensors.h"

#include "folder.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("safetensors files give back what was written, bit for bit") {
  const Folder folder;
  const Tensors tensors = {{"a.weight", at::randn({3, 4})},
                           {"b", at::randn({2}).to(at::kBFloat16)},
                           {"c", at::arange(5)},
                           {"d", at::tensor(2.5, at::kDouble)},
                           {"e", at::empty({0, 3})},
                           {"f", at::randn({4, 6}).t().to(at::kHalf)}};
  write_safetensors(folder / "x.safetensors", {tensors, {{"format", "pt"}}});
  const NamedTensors back = read_safetensors(folder / "x.safetensors");
  CHECK(back.metadata.at("format") == "pt");
  REQUIRE(back.tensors.size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    INFO(name);
    CHECK(back.tensors.at(name).scalar_type() == tensor.scalar_type());
    CHECK(at::equal(back.tensors.at(name), tensor));
  }
}

TEST_CASE("safetensors files that do not fit themselves are refused") {
  const Folder folder;
  const std::string path = folder / "x.safetensors";
  const auto refused = [&](const std::string& header, const std::string& data,
                           const std::string& words) {
    INFO(header);
    std::string length(8, '\0');
    length[0] = static_cast<char>(header.size());
    testing::write_bytes(path, length + header + data);
    CHECK_THROWS_WITH(read_safetensors(path), contains(words));
  };
  const std::string eight(8, '\0');
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}})", eight, "outside");
  refused(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", eight, "holds 8 bytes");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", eight, "holds 8 bytes");
  refused(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", eight, "holds 8 bytes");
  refused(R"({"a":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}})", eight, "type F4");
  refused(R"({"a":{"dtype":"F32","shape":[99999999999,99999999999],"data_offsets":[0,8]}})", eight,
          "holds 8 bytes");
  refused(R"({"a":{"dtype":"F32"}})", eight, "x.safetensors");
  refused("{]", eight, "x.safetensors");
  testing::write_bytes(path, "\xff\xff\xff\xff\xff\xff\xff\x7f{}");
  CHECK_THROWS_WITH(read_safetensors(path), contains("header"));
  testing::write_bytes(path, "abc");
  CHECK_THROWS_WITH(read_safetensors(path), contains("too short"));
}

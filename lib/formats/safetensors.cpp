#include "formats/safetensors.h"

#include <ATen/ATen.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/parse.h"
#include "formats/bytes.h"
#include "io/array.h"

namespace couplet {

namespace {

const std::vector<std::pair<std::string, at::ScalarType>> types = {
    {"F32", at::kFloat}, {"F64", at::kDouble}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},  {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},   {"BOOL", at::kBool}};

// The header's length comes first, in eight bytes.
constexpr size_t prefix = 8, longest_json = 100 << 20;

Tensor one_tensor(std::string_view data, const std::string& name, const json& entry) {
  const std::string type_name = entry.at("dtype");
  const auto type = std::find_if(types.begin(), types.end(),
                                 [&](const auto& row) { return row.first == type_name; });
  require(type != types.end(), name, ": has type ", type_name, ", which is not read");
  const auto sizes = entry.at("shape").get<std::vector<int64_t>>();
  const auto place = entry.at("data_offsets").get<std::vector<uint64_t>>();
  require(place.size() == 2 && place[0] <= place[1] && place[1] <= data.size(), name,
          ": lies outside of the file (truncated?)");
  const int64_t bytes = bytes_of(sizes, type->second);
  require(bytes >= 0 && static_cast<uint64_t>(bytes) == place[1] - place[0], name, ": holds ",
          place[1] - place[0], " bytes, its sizes are ", at::IntArrayRef(sizes));
  Tensor tensor = at::empty(sizes, type->second);
  if (tensor.nbytes() > 0) {
    std::memcpy(tensor.mutable_data_ptr(), data.data() + place[0], tensor.nbytes());
  }
  return tensor;
}

}  // namespace

bool is_safetensors(const std::string& path) {
  return path.ends_with(".safetensors") && !first_bytes(path, 1).empty();
}

NamedTensors read_safetensors(const std::string& path) {
  const std::string bytes = read_bytes(path, std::filesystem::file_size(path));
  require(bytes.size() >= prefix, path, ": too short for a safetensors file");
  const uint64_t length = little_endian(bytes, 0, prefix);
  require(length <= longest_json && length <= bytes.size() - prefix, path,
          ": its header does not fit (truncated, or no safetensors file)");
  return within(path, [&] {
    const json header = parse_json(std::string_view(bytes).substr(prefix, length));
    const std::string_view data = std::string_view(bytes).substr(prefix + length);
    size_t held = 0;
    NamedTensors contents;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        contents.metadata = entry;
      } else {
        contents.tensors[name] = one_tensor(data, name, entry);
        held += contents.tensors[name].nbytes();
        require(held <= data.size(), "its tensors overlap");
      }
    }
    return contents;
  });
}

void write_safetensors(const std::string& path, const NamedTensors& contents) {
  json header = json::object();
  if (!contents.metadata.empty()) header["__metadata__"] = contents.metadata;
  std::string data;
  for (const auto& [name, tensor] : contents.tensors) {
    const Tensor numbers = tensor.detach().cpu().contiguous();
    const auto type = std::find_if(types.begin(), types.end(), [&](const auto& row) {
      return row.second == numbers.scalar_type();
    });
    require(name != "__metadata__", path, ": a tensor cannot be called '__metadata__' there");
    require(type != types.end(), "safetensors files hold no tensors of type ",
            numbers.scalar_type());
    const size_t begin = data.size();
    data.append(static_cast<const char*>(numbers.const_data_ptr()), numbers.nbytes());
    header[name] = {{"dtype", type->first},
                    {"shape", numbers.sizes().vec()},
                    {"data_offsets", {begin, data.size()}}};
  }
  std::string head = header.dump();
  head.append((prefix - head.size() % prefix) % prefix, ' ');  // the data are aligned
  std::string length;
  for (size_t i = 0; i < prefix; ++i) length += static_cast<char>(head.size() >> (8 * i) & 255);
  write_bytes(path, length + head + data);
}

}  // namespace couplet

#include "formats/npz.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/bytes.h"
#include "formats/zip.h"

namespace couplet {

namespace {

const std::string magic = "\x93NUMPY";

const std::vector<std::pair<const char*, at::ScalarType>>& element_types() {
  static const std::vector<std::pair<const char*, at::ScalarType>> table = {
      {"|u1", at::kByte}, {"|i1", at::kChar},  {"<i4", at::kInt},    {"<i8", at::kLong},
      {"<f2", at::kHalf}, {"<f4", at::kFloat}, {"<f8", at::kDouble}, {"|b1", at::kByte}};
  return table;
}

std::string encode_npy(const Tensor& array) {
  const Tensor data = array.detach().cpu().contiguous();
  std::string descr, shape;
  for (const auto& [name, type] : element_types()) {
    if (type == data.scalar_type() && descr.empty()) descr = name;
  }
  require(!descr.empty(), "numpy files hold no tensors of type ", data.scalar_type());
  for (const int64_t size : data.sizes()) shape += std::to_string(size) + ", ";
  std::string head =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Version 1: magic, version, length of the header; the data begin at a multiple of 64.
  head.append(63 - (magic.size() + 4 + head.size()) % 64, ' ');
  head += '\n';
  std::string out = magic + '\x01' + '\0';
  out += static_cast<char>(head.size() & 255);
  out += static_cast<char>(head.size() >> 8);
  out += head;
  return out.append(static_cast<const char*>(data.const_data_ptr()), data.nbytes());
}

/// What stands behind 'key': in a header, from its first to before its last character.
std::string field(const std::string& head, const std::string& key, char open, char close,
                  const std::string& source) {
  const size_t begin = head.find(open, head.find(':', head.find("'" + key + "'")));
  const size_t end = begin == std::string::npos ? begin : head.find(close, begin + 1);
  require(end != std::string::npos, source, ": its header has no simple '", key, "'");
  return head.substr(begin + 1, end - begin - 1);
}

std::vector<int64_t> descending(size_t dims) {
  std::vector<int64_t> order;
  while (dims > 0) order.push_back(static_cast<int64_t>(--dims));
  return order;
}

Tensor decode_npy(const std::string& bytes, const std::string& source) {
  require(bytes.starts_with(magic) && bytes.size() > 12, source, ": not a numpy array");
  const size_t width = bytes[6] == 1 ? 2 : 4, length = little_endian(bytes, 8, width);
  const size_t begin = 8 + width + length;
  require(begin <= bytes.size(), source, ": ends within its header (truncated)");
  const std::string head = bytes.substr(8 + width, length);
  const std::string descr = field(head, "descr", '\'', '\'', source);
  const auto& types = element_types();
  const auto type =
      std::find_if(types.begin(), types.end(), [&](auto& t) { return t.first == descr; });
  require(type != types.end(), source, ": has elements of type '", descr, "', which is not read");
  std::vector<int64_t> sizes;
  std::istringstream shape(field(head, "shape", '(', ')', source));
  for (std::string size; std::getline(shape, size, ',');) {
    if (size.find_first_of("0123456789") != std::string::npos) sizes.push_back(std::stoll(size));
  }
  const bool fortran = head.find("'fortran_order': True") != std::string::npos;
  if (fortran) std::reverse(sizes.begin(), sizes.end());
  Tensor out = at::empty(sizes, type->second);
  require(bytes.size() - begin == out.nbytes(), source, ": holds ", bytes.size() - begin,
          " bytes of data, expected ", out.nbytes());
  std::memcpy(out.mutable_data_ptr(), bytes.data() + begin, out.nbytes());
  return fortran ? out.permute(descending(sizes.size())).contiguous() : out;
}

}  // namespace

void write_npz(const std::string& path, const Tensors& arrays) {
  Members members;
  for (const auto& [name, array] : arrays) members[name + ".npy"] = encode_npy(array);
  write_bytes(path, encode_zip(members));
}

Tensors read_npz(const std::string& path) {
  Tensors arrays;
  for (const auto& [name, bytes] : decode_zip(read_bytes(path), path)) {
    const std::string stem = name.ends_with(".npy") ? name.substr(0, name.size() - 4) : name;
    arrays[stem] = decode_npy(bytes, path + ", " + name);
  }
  return arrays;
}

Tensor read_npy(const std::string& path) { return decode_npy(read_bytes(path), path); }

}  // namespace couplet

#include "formats/npz.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "formats/zip.h"

namespace couplet {

namespace {

const std::string magic = "\x93NUMPY";
constexpr size_t longest_header = 1 << 16;  // numpy reads 10,000 bytes

const std::vector<std::pair<const char*, at::ScalarType>>& element_types() {
  static const std::vector<std::pair<const char*, at::ScalarType>> table = {
      {"|u1", at::kByte}, {"|i1", at::kChar}, {"<i2", at::kShort}, {"<i4", at::kInt},
      {"<i8", at::kLong}, {"<f2", at::kHalf}, {"<f4", at::kFloat}, {"<f8", at::kDouble}};
  return table;
}

std::string encode_header(at::IntArrayRef sizes, at::ScalarType type) {
  const auto& types = element_types();
  const auto found =
      std::find_if(types.begin(), types.end(), [&](auto& t) { return t.second == type; });
  require(found != types.end(), "numpy files hold no tensors of type ", type);
  std::string shape;
  for (const int64_t size : sizes) shape += std::to_string(size) + ", ";
  std::string head = "{'descr': '" + std::string(found->first) +
                     "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Version 1: magic, version, length of the header; the data begin at a multiple of 64.
  head.append(63 - (magic.size() + 4 + head.size()) % 64, ' ');
  head += '\n';
  std::string out = magic + '\x01' + '\0';
  out += static_cast<char>(head.size() & 255);
  out += static_cast<char>(head.size() >> 8);
  return out + head;
}

/// What the header of an array tells.
struct ArrayLayout {
  at::ScalarType type;
  std::vector<int64_t> sizes;
  bool fortran;
  uint64_t begin;  ///< of the data, in bytes
};

/// What stands behind 'key': in a header, from its first to before its last character.
std::string field(const std::string& head, const std::string& key, char open, char close,
                  const std::string& source) {
  const size_t begin = head.find(open, head.find(':', head.find("'" + key + "'")));
  const size_t end = begin == std::string::npos ? begin : head.find(close, begin + 1);
  require(end != std::string::npos, source, ": its header has no simple '", key, "'");
  return head.substr(begin + 1, end - begin - 1);
}

std::vector<int64_t> sizes_in(const std::string& shape, const std::string& source) {
  std::vector<int64_t> sizes;
  const char* const end = shape.data() + shape.size();
  for (const char* at = shape.data(); at != end;) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    const auto [next, error] = std::from_chars(at, end, sizes.emplace_back());
    const bool number = error == std::errc() && sizes.back() >= 0;
    require(number && (next == end || *next == ',' || *next == ' '), source, ": has the sizes (",
            shape, "), which are none");
    at = next;
  }
  require(sizes.size() <= 32, source, ": has ", sizes.size(), " dimensions, at most 32 are read");
  return sizes;
}

/// head: the beginning of the file, longest_header bytes of it or all; size: bytes of all.
ArrayLayout decode_header(const std::string& start, uint64_t size, const std::string& source) {
  require(start.starts_with(magic) && start.size() > 12, source, ": not a numpy array");
  require(start[6] >= 1 && start[6] <= 3, source, ": a numpy array of version ",
          static_cast<int>(start[6]), ", which is not read");
  const size_t width = start[6] == 1 ? 2 : 4, length = little_endian(start, 8, width);
  const uint64_t begin = 8 + width + length;
  require(begin <= start.size(), source, ": ends within its header (truncated)");
  const std::string head = start.substr(8 + width, length);
  const std::string descr = field(head, "descr", '\'', '\'', source);
  const auto& types = element_types();
  const auto type =
      std::find_if(types.begin(), types.end(), [&](auto& t) { return t.first == descr; });
  if (type == types.end()) {
    std::string all;
    for (const auto& [name, ignored] : types) all += (all.empty() ? "" : ", ") + std::string(name);
    fail(source, ": has elements of type '", descr, "', which is not read (there are: ", all,
         "); numpy's astype('<f4') makes numbers of most");
  }
  ArrayLayout layout{type->second, sizes_in(field(head, "shape", '(', ')', source), source),
                     head.find("'fortran_order': True") != std::string::npos, begin};
  const int64_t bytes = bytes_of(layout.sizes, layout.type);
  require(bytes >= 0 && size - begin == static_cast<uint64_t>(bytes), source, ": holds ",
          size - begin, " bytes of data, expected ", c10::elementSize(layout.type), " for each of ",
          at::IntArrayRef(layout.sizes));
  return layout;
}

/// Numbers that lie in the order of a layout; sizes of a layout in Fortran's order are turned.
Tensor from_bytes(const ArrayLayout& layout, const char* data) {
  std::vector<int64_t> sizes = layout.sizes;
  if (layout.fortran) std::reverse(sizes.begin(), sizes.end());
  const Tensor out = at::empty(sizes, layout.type);
  if (out.nbytes() > 0) std::memcpy(out.mutable_data_ptr(), data, out.nbytes());
  if (!layout.fortran) return out;
  std::vector<int64_t> order;
  for (int64_t dim = out.dim(); dim > 0;) order.push_back(--dim);
  return out.permute(order).contiguous();
}

/// The array that lies in a file from an offset in bytes on, size bytes with its header.
Array array_at(const std::string& path, uint64_t offset, uint64_t size, const std::string& source) {
  const std::string start = read_part(path, offset, std::min<uint64_t>(size, longest_header));
  ArrayLayout layout = decode_header(start, size, source);
  if (layout.sizes.empty()) layout.sizes = {1};
  if (!layout.fortran) {
    return array_in_file(path, offset + layout.begin, layout.sizes, layout.type);
  }
  return from_bytes(layout, read_part(path, offset + layout.begin, size - layout.begin).data());
}

/// The array that is the whole of some bytes; one number counts as one row.
Tensor array_of(const std::string& bytes, const std::string& source) {
  const ArrayLayout layout = decode_header(bytes, bytes.size(), source);
  const Tensor all = from_bytes(layout, bytes.data() + layout.begin);
  return all.dim() == 0 ? all.unsqueeze(0) : all;
}

std::string stem_of(const std::string& member) {
  return member.ends_with(".npy") ? member.substr(0, member.size() - 4) : member;
}

std::string encode_npy(const Tensor& array) {
  const Tensor data = array.detach().cpu().contiguous();
  return encode_header(data.sizes(), data.scalar_type())
      .append(static_cast<const char*>(data.const_data_ptr()), data.nbytes());
}

/// The rows of an array, by write(data, size).
template <class Write>
void write_rows(const Array& array, const std::function<void(int64_t rows)>& watch,
                const Write& write) {
  array.for_rows([&](int64_t begin, const Tensor& part) {
    const Tensor rows = part.contiguous();
    write(rows.const_data_ptr(), rows.nbytes());
    if (watch) watch(begin + rows.size(0));
  });
}

}  // namespace

void write_npz(const std::string& path, const Tensors& arrays, const Arrays& large,
               const std::function<void(int64_t rows)>& watch) {
  ZipWriter zip(path);
  for (const auto& [name, array] : arrays) {
    const std::string bytes = encode_npy(array);
    zip.begin(name + ".npy", bytes.size());
    zip.write(bytes);
  }
  for (const auto& [name, array] : large) {
    const std::string header = encode_header(array.sizes(), array.type());
    zip.begin(name + ".npy", header.size() + bytes_of(array.sizes(), array.type()));
    zip.write(header);
    write_rows(array, watch, [&](const void* data, size_t size) { zip.write(data, size); });
  }
  zip.finish();
}

void write_npy(const std::string& path, const Array& array,
               const std::function<void(int64_t rows)>& watch) {
  FileWriter file(path);
  file.write(encode_header(array.sizes(), array.type()));
  write_rows(array, watch, [&](const void* data, size_t size) { file.write(data, size); });
  file.finish();
}

Tensors read_npz(const std::string& path) {
  Tensors arrays;
  for (const ZipMember& member : list_zip(path)) {
    const std::string bytes = read_member(path, member), what = path + ", " + member.name;
    const ArrayLayout layout = decode_header(bytes, bytes.size(), what);
    const bool fresh =
        arrays.emplace(stem_of(member.name), from_bytes(layout, bytes.data() + layout.begin))
            .second;
    require(fresh, path, ": has two arrays '", stem_of(member.name), "'");
  }
  return arrays;
}

NamedArrays open_npz(const std::string& path, const std::vector<std::string>& names) {
  NamedArrays found;
  for (const ZipMember& member : list_zip(path)) {
    const std::string name = stem_of(member.name), what = path + ", " + member.name;
    require(std::find(found.all.begin(), found.all.end(), name) == found.all.end(), path,
            ": has two arrays '", name, "'");
    found.all.push_back(name);
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (member.deflated) {
      found.arrays.emplace(name, array_of(read_member(path, member), what));
    } else {
      check_member(path, member);
      found.arrays.emplace(name, array_at(path, member.begin, member.size, what));
    }
  }
  return found;
}

Array open_npy(const std::string& path) {
  if (!is_gzip(path)) return array_at(path, 0, size_of_file(path), path);
  return array_of(read_bytes(path), path);
}

}  // namespace couplet

#include "formats/torch_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/bytes.h"
#include "formats/pickle.h"
#include "formats/zip.h"
#include "io/array.h"

namespace couplet {

namespace {

/// The members of an archive of torch.save by their names below its one folder. It packs nothing,
/// so that all together are no longer than the file.
std::map<std::string, ZipMember> records_of(const std::string& path) {
  std::map<std::string, ZipMember> records;
  for (const ZipMember& member : list_zip(path)) {
    require(!member.deflated, path, ", ", member.name, ": is packed, which torch.save does not do");
    records[member.name.substr(member.name.find('/') + 1)] = member;
  }
  return records;
}

Tensors read_archive(const std::string& path) {
  const auto records = records_of(path);
  const auto order = records.find("byteorder");
  require(order == records.end() || read_member(path, order->second) == "little", path,
          ": its numbers have their most significant byte first, which is not read");
  require(records.contains("data.pkl"), path,
          ": a zip archive without data.pkl: weights of no network by torch.save");
  Tensors read;  // storages by their key: tensors share them
  const auto storage = [&](at::ScalarType type, const std::string& key, int64_t count) {
    if (!read.contains(key)) {
      const auto record = records.find("data/" + key);
      require(record != records.end(), path, ": a storage is missing (damaged)");
      const ZipMember& member = record->second;
      const int64_t bytes = bytes_of({count}, type);
      require(bytes >= 0 && static_cast<uint64_t>(bytes) == member.size, path, ", ", record->first,
              ": holds ", member.size, " bytes, expected ", count, " numbers of ",
              at::elementSize(type));
      check_member(path, member);
      read[key] = array_in_file(path, member.begin, {count}, type).all();
    }
    require(read[key].scalar_type() == type && read[key].numel() == count, path, ", data/", key,
            ": has two types or sizes (damaged)");
    return read[key];
  };
  return read_pickle(read_member(path, records.at("data.pkl")), storage, path).tensors;
}

// Pickles one behind the other: a number that marks the format, its version, the machine's sizes,
// the contents, the keys of the storages; then each storage: count, numbers.
const std::string stream_mark = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

Tensors read_stream(const std::string& path) {
  const std::string bytes = read_bytes(path, size_of_file(path));
  std::string_view rest = bytes;
  size_t total = 0;
  Tensors read;
  const auto storage = [&](at::ScalarType type, const std::string& key, int64_t count) {
    if (!read.contains(key)) {
      const size_t most = (bytes.size() - std::min(total, bytes.size())) / at::elementSize(type);
      require(static_cast<size_t>(count) <= most, path, ": asks for ", count,
              " numbers, more than the file holds");
      read[key] = at::empty({count}, type);
      total += read[key].nbytes();
    }
    require(read[key].scalar_type() == type && read[key].numel() == count, path,
            ": a storage of two sizes (damaged)");
    return read[key];
  };
  const auto next = [&] {
    Pickled pickled = read_pickle(rest, storage, path);
    rest.remove_prefix(pickled.size);
    return pickled;
  };
  next();
  require(bytes.starts_with(stream_mark), path, ": a pickle, but not one of torch.save");
  next(), next();
  const Tensors tensors = next().tensors;
  for (const std::string& key : next().texts) {
    require(read.contains(key), path, ": a storage without a tensor (damaged)");
    const size_t size = read[key].nbytes();
    require(rest.size() >= 8 && rest.size() - 8 >= size, path, ": ends too early (truncated)");
    require(little_endian(std::string(rest.substr(0, 8)), 0, 8) ==
                static_cast<uint64_t>(read[key].numel()),
            path, ": a storage of another size (damaged)");
    if (size > 0) std::memcpy(read[key].mutable_data_ptr(), rest.data() + 8, size);
    rest.remove_prefix(8 + size);
    read.erase(key);
  }
  require(read.empty(), path, ": a tensor without a storage (damaged)");
  return tensors;
}

}  // namespace

bool is_torch_file(const std::string& path) {
  const std::string head = first_bytes(path, 2);
  return head == "PK" ? !path.ends_with(".npz") : head.starts_with('\x80');
}

bool is_torchscript(const std::string& path) {
  if (!is_torch_file(path) || first_bytes(path, 2) != "PK") return false;
  const auto members = list_zip(path);
  return std::any_of(members.begin(), members.end(), [](const ZipMember& member) {
    return member.name.find("/code/") != std::string::npos;
  });
}

Tensors read_torch_file(const std::string& path) {
  if (first_bytes(path, 2) != "PK") return read_stream(path);
  return read_archive(path);
}

}  // namespace couplet

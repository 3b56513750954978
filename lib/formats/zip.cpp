#include "formats/zip.h"

#include <c10/util/Exception.h>
#include <zlib.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace couplet {

namespace {

constexpr uint64_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50;
constexpr uint64_t end64_mark = 0x06064b50, locator_mark = 0x07064b50;
constexpr uint64_t local_size = 30, central_size = 46, end_size = 22, end64_size = 56,
                   locator_size = 20, longest_comment = 0xffff;
constexpr uint64_t full = 0xffffffff;  // "see the zip64 field"
constexpr uint64_t zip64_field = 1;

struct Field {
  uint64_t value;
  int size;
};

std::string fields(std::initializer_list<Field> all) {
  std::string out;
  for (const auto& [value, size] : all) {
    for (int i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  }
  return out;
}

uint32_t checksum(uint32_t before, const void* data, size_t size) {
  return crc32_z(before, static_cast<const Bytef*>(data), size);
}

std::string inflate_raw(const std::string& packed, size_t size, const std::string& what) {
  std::string out(size, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, what, ": zlib cannot begin");
  // zlib counts in 32 bits.
  size_t in = packed.size(), room = size;
  int status = Z_OK;
  while (status == Z_OK) {
    const auto give = [](size_t left) {
      return static_cast<uInt>(std::min<size_t>(left, 1 << 30));
    };
    const uInt given = stream.avail_in = give(in), free = stream.avail_out = give(room);
    status = inflate(&stream, Z_NO_FLUSH);
    in -= given - stream.avail_in, room -= free - stream.avail_out;
    if (given == stream.avail_in && free == stream.avail_out) break;
  }
  inflateEnd(&stream);
  require(status == Z_STREAM_END && room == 0, what, ": damaged compressed data");
  return out;
}

/// Where the list of members lies, and how many there are.
struct Listing {
  uint64_t begin, size, count;
};

Listing find_listing(const std::string& path) {
  const uint64_t whole = size_of_file(path);
  const uint64_t tail_size = std::min(whole, end_size + longest_comment);
  const uint64_t tail_begin = whole - tail_size;
  const std::string tail = read_part(path, tail_begin, tail_size);
  const size_t end = tail.rfind("PK\x05\x06");
  require(end != std::string::npos && end + end_size <= tail.size(), path,
          ": not a whole zip archive (truncated?)");
  Listing at{little_endian(tail, end + 16, 4), little_endian(tail, end + 12, 4),
             little_endian(tail, end + 10, 2)};
  if (at.begin != full && at.size != full && at.count != 0xffff) return at;
  const uint64_t place = tail_begin + end;
  require(place >= locator_size, path, ": damaged zip archive");
  const std::string locator = read_part(path, place - locator_size, locator_size);
  if (little_endian(locator, 0, 4) != locator_mark) return at;  // it has just so many members
  const std::string end64 = read_part(path, little_endian(locator, 8, 8), end64_size);
  require(little_endian(end64, 0, 4) == end64_mark, path, ": damaged zip64 archive");
  return {little_endian(end64, 48, 8), little_endian(end64, 40, 8), little_endian(end64, 32, 8)};
}

/// Fills in what stands in a zip64 field instead: sizes and place, in this order, those that are
/// full.
void read_zip64(const std::string& extra, ZipMember& member, uint64_t& local,
                const std::string& what) {
  size_t at = 0;
  while (at + 4 <= extra.size()) {
    const uint64_t id = little_endian(extra, at, 2), size = little_endian(extra, at + 2, 2);
    at += 4;
    require(size <= extra.size() - at, what, ": damaged list of members");
    size_t next = at;
    for (uint64_t* value : {&member.size, &member.packed, &local}) {
      if (id != zip64_field || *value != full) continue;
      require(next + 8 <= at + size, what, ": damaged zip64 field");
      *value = little_endian(extra, next, 8);
      next += 8;
    }
    at += size;
  }
}

/// Where the data of a member begin, behind its own header at local.
uint64_t data_of(const std::string& path, uint64_t local, const std::string& what) {
  const std::string header = within(what, [&] { return read_part(path, local, local_size); });
  require(little_endian(header, 0, 4) == local_mark, what, ": damaged zip archive");
  return local + local_size + little_endian(header, 26, 2) + little_endian(header, 28, 2);
}

}  // namespace

std::vector<ZipMember> list_zip(const std::string& path) {
  const Listing listing = find_listing(path);
  const uint64_t whole = size_of_file(path);
  require(listing.begin <= whole && listing.size <= whole - listing.begin, path,
          ": damaged zip archive: its list of members lies outside of it");
  const std::string list = read_part(path, listing.begin, listing.size);
  std::vector<ZipMember> members;
  std::set<std::string> names;
  size_t at = 0;
  uint64_t held = 0;
  for (uint64_t left = listing.count; left > 0; --left) {
    require(at + central_size <= list.size() && little_endian(list, at, 4) == central_mark, path,
            ": damaged list of members");
    const uint64_t method = little_endian(list, at + 10, 2),
                   length = little_endian(list, at + 28, 2),
                   extra = little_endian(list, at + 30, 2), note = little_endian(list, at + 32, 2);
    uint64_t local = little_endian(list, at + 42, 4);
    ZipMember member{.deflated = method == 8,
                     .packed = little_endian(list, at + 20, 4),
                     .size = little_endian(list, at + 24, 4),
                     .checksum = static_cast<uint32_t>(little_endian(list, at + 16, 4))};
    at += central_size;
    require(length + extra + note <= list.size() - at, path, ": damaged list of members");
    member.name = list.substr(at, length);
    const std::string what = path + ", " + member.name;
    read_zip64(list.substr(at + length, extra), member, local, what);
    at += length + extra + note;
    require(names.insert(member.name).second, path, ": has two members '", member.name, "'");
    require(method == 0 || method == 8, what, ": packed by method ", method, ", expected 0 or 8");
    require(local < whole, what, ": ends too early (truncated)");
    member.begin = data_of(path, local, what);
    require(member.begin <= whole && member.packed <= whole - member.begin, what,
            ": ends too early (truncated)");
    require(member.deflated ? member.size / most_inflation <= member.packed
                            : member.size == member.packed,
            what, ": ", member.packed, " bytes there cannot be ", member.size, " (damaged)");
    require(member.packed <= whole - held, what, ": lies over other members (damaged)");
    held += member.packed;
    members.push_back(std::move(member));
  }
  return members;
}

std::string read_member(const std::string& path, const ZipMember& member) {
  const std::string what = path + ", " + member.name;
  std::string content = read_part(path, member.begin, member.packed);
  if (member.deflated) content = inflate_raw(content, member.size, what);
  require(checksum(0, content.data(), content.size()) == member.checksum, what,
          ": its checksum is wrong (damaged)");
  return content;
}

void check_member(const std::string& path, const ZipMember& member) {
  if (member.deflated) return void(read_member(path, member));
  constexpr uint64_t at_once = 1 << 24;
  uint32_t found = 0;
  for (uint64_t done = 0; done < member.packed; done += at_once) {
    const std::string part =
        read_part(path, member.begin + done, std::min(at_once, member.packed - done));
    found = checksum(found, part.data(), part.size());
  }
  require(found == member.checksum, path, ", ", member.name, ": its checksum is wrong (damaged)");
}

ZipWriter::ZipWriter(const std::string& path) : file_(path) {}

void ZipWriter::begin(const std::string& name, uint64_t size, bool zip64) {
  end_member();
  header_ = file_.size();
  // Its data begin behind the header, so that a place below 4 GiB is not enough.
  large_ |= zip64 || size >= full || header_ >= full;
  const uint64_t version = large_ ? 45 : 20, flags = 0, stored = 0, time = 0, date = 0x21;  // 1980
  const std::string extra =
      large_ ? fields({{zip64_field, 2}, {16, 2}, {size, 8}, {size, 8}}) : std::string();
  const uint64_t short_size = large_ ? full : size;
  file_.write(
      fields({{local_mark, 4}, {version, 2}, {flags, 2}, {stored, 2}, {time, 2}, {date, 2}}));
  file_.write(
      fields({{0, 4}, {short_size, 4}, {short_size, 4}, {name.size(), 2}, {extra.size(), 2}}));
  file_.write(name + extra);
  member_ = ZipMember{.name = name, .begin = file_.size(), .packed = size, .size = size};
}

void ZipWriter::write(const void* data, size_t size) {
  member_->checksum = checksum(member_->checksum, data, size);
  file_.write(data, size);
}

void ZipWriter::end_member() {
  if (!member_) return;
  const auto& [name, deflated, begin, packed, size, crc] = *member_;
  TORCH_INTERNAL_ASSERT(file_.size() - begin == size);
  file_.replace(header_ + 14, fields({{crc, 4}}));
  const uint64_t version = large_ ? 45 : 20, flags = 0, stored = 0, time = 0, date = 0x21;
  const std::string extra =
      large_ ? fields({{zip64_field, 2}, {24, 2}, {size, 8}, {size, 8}, {header_, 8}})
             : std::string();
  const uint64_t short_size = large_ ? full : size, place = large_ ? full : header_;
  list_ += fields({{central_mark, 4}, {version, 2}, {version, 2}, {flags, 2}, {stored, 2}});
  list_ += fields({{time, 2}, {date, 2}, {crc, 4}, {short_size, 4}, {short_size, 4}});
  list_ +=
      fields({{name.size(), 2}, {extra.size(), 2}, {0, 2}, {0, 2}, {0, 2}, {0, 4}, {place, 4}});
  list_ += name + extra;
  ++count_;
  member_.reset();
}

void ZipWriter::finish() {
  end_member();
  const uint64_t begin = file_.size(), size = list_.size();
  const bool zip64 = large_ || begin >= full || size >= full || count_ >= 0xffff;
  file_.write(list_);
  if (zip64) {
    const uint64_t end = file_.size();
    file_.write(fields({{end64_mark, 4}, {end64_size - 12, 8}, {45, 2}, {45, 2}, {0, 4}, {0, 4}}));
    file_.write(fields({{count_, 8}, {count_, 8}, {size, 8}, {begin, 8}}));
    file_.write(fields({{locator_mark, 4}, {0, 4}, {end, 8}, {1, 4}}));
  }
  const uint64_t count = zip64 ? 0xffff : count_;
  file_.write(fields({{end_mark, 4}, {0, 2}, {0, 2}, {count, 2}, {count, 2}}));
  file_.write(fields({{zip64 ? full : size, 4}, {zip64 ? full : begin, 4}, {0, 2}}));
  file_.finish();
}

}  // namespace couplet

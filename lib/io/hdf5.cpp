#include "io/hdf5.h"

#include <ATen/MapAllocator.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <hdf5.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/parse.h"
#include "base/trial.h"

namespace couplet::h5 {

namespace {

/// An identifier of the HDF5 library that closes itself.
struct Id {
  hid_t id;
  herr_t (*close)(hid_t);
  Id(hid_t id, herr_t (*close)(hid_t)) : id(id), close(close) {}
  Id(Id&& other) : id(std::exchange(other.id, -1)), close(other.close) {}
  ~Id() {
    if (id >= 0) close(id);
  }
  operator hid_t() const { return id; }
};

Id checked(hid_t id, herr_t (*close)(hid_t), const std::string& what) {
  require(id >= 0, what);
  return Id(id, close);
}

// No messages of its own; no clean-up at exit, which crashes on a file that could not be closed (a
// full disk); and no code loaded because a file asks for its filter.
const bool quiet =
    (H5dont_atexit(), H5Eset_auto(H5E_DEFAULT, nullptr, nullptr), H5PLset_loading_state(0), true);

// What a file of so many bytes can hold, packed as tightly as deflate packs; small files may hold
// fill values alone.
int64_t room_of(int64_t file_size) { return std::max<int64_t>(1 << 20, 1032 * file_size); }

hid_t memory_type(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return H5T_NATIVE_UINT8;
    case at::kChar:
      return H5T_NATIVE_INT8;
    case at::kInt:
      return H5T_NATIVE_INT32;
    case at::kLong:
      return H5T_NATIVE_INT64;
    case at::kFloat:
      return H5T_NATIVE_FLOAT;
    case at::kDouble:
      return H5T_NATIVE_DOUBLE;
    default:
      fail("HDF5 files hold no tensors of type ", at::toString(type));
  }
}

/// The file's type for a tensor; half precision is IEEE's binary16, as numpy's float16, and
/// bfloat16 the upper half of a float32, which h5py reads as such.
Id stored_type(at::ScalarType type) {
  if (type != at::kHalf && type != at::kBFloat16) return Id(H5Tcopy(memory_type(type)), H5Tclose);
  const size_t exponent = type == at::kHalf ? 5 : 8, mantissa = 15 - exponent;
  Id half(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  H5Tset_fields(half, 15, mantissa, exponent, 0, mantissa);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, (size_t{1} << (exponent - 1)) - 1);
  return half;
}

at::ScalarType scalar_type(hid_t type, const std::string& what) {
  const H5T_class_t kind = H5Tget_class(type);
  const size_t size = H5Tget_size(type);
  if (kind == H5T_INTEGER && size == 1)
    return H5Tget_sign(type) == H5T_SGN_NONE ? at::kByte : at::kChar;
  if (kind == H5T_INTEGER && size == 4) return at::kInt;
  if (kind == H5T_INTEGER && size == 8) return at::kLong;
  if (kind == H5T_FLOAT && size == 2) return H5Tget_ebias(type) == 15 ? at::kHalf : at::kBFloat16;
  if (kind == H5T_FLOAT && size == 4) return at::kFloat;
  if (kind == H5T_FLOAT && size == 8) return at::kDouble;
  fail(what, ": a type that tensors do not have");
}

std::vector<int64_t> sizes_of(hid_t space) {
  std::vector<hsize_t> dims(std::max(0, H5Sget_simple_extent_ndims(space)));
  if (!dims.empty()) H5Sget_simple_extent_dims(space, dims.data(), nullptr);
  return {dims.begin(), dims.end()};
}

Id space_of(const std::vector<int64_t>& sizes) {
  if (sizes.empty()) return Id(H5Screate(H5S_SCALAR), H5Sclose);
  const std::vector<hsize_t> dims(sizes.begin(), sizes.end());
  return Id(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), H5Sclose);
}

std::string where(const std::string& path, const std::string& name) { return path + ", " + name; }

json read_attribute(hid_t attribute, int64_t file_size, const std::string& what) {
  const Id type = checked(H5Aget_type(attribute), H5Tclose, what);
  const Id space = checked(H5Aget_space(attribute), H5Sclose, what);
  const int64_t count = H5Sget_simple_extent_npoints(space);
  const H5T_class_t kind = H5Tget_class(type);
  // Its values lie in the file, each in a byte at least.
  require(count >= 0 && count <= file_size && H5Tget_size(type) <= static_cast<size_t>(file_size),
          what, ": is larger than its file (damaged)");
  if (kind == H5T_STRING && H5Tis_variable_str(type)) {
    std::vector<char*> texts(count, nullptr);
    const Id memory(H5Tcopy(type), H5Tclose);
    require(H5Aread(attribute, memory, texts.data()) >= 0, what, ": cannot be read");
    json list = json::array();
    for (char* t : texts) list.push_back(t ? t : "");
    H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts.data());
    return count == 1 ? list[0] : list;
  }
  if (kind == H5T_STRING) {
    std::string s(H5Tget_size(type), '\0');
    require(count == 1 && H5Aread(attribute, type, s.data()) >= 0, what, ": cannot be read");
    s.resize(std::min(s.size(), s.find('\0')));
    return s;
  }
  if (kind == H5T_ENUM) {  // h5py's booleans
    int8_t value = 0;
    require(count == 1 && H5Tget_size(type) == 1 && H5Aread(attribute, type, &value) >= 0, what);
    return value != 0;
  }
  require(kind == H5T_INTEGER || kind == H5T_FLOAT, what, ": neither number nor text");
  json list = json::array();
  if (kind == H5T_INTEGER) {
    std::vector<int64_t> values(count);
    require(H5Aread(attribute, H5T_NATIVE_INT64, values.data()) >= 0, what, ": cannot be read");
    list = values;
  } else {
    std::vector<double> values(count);
    require(H5Aread(attribute, H5T_NATIVE_DOUBLE, values.data()) >= 0, what, ": cannot be read");
    list = values;
  }
  return count == 1 ? list[0] : list;
}

}  // namespace

struct File::Handle {
  Id id;
};

File::File(std::string path, std::shared_ptr<Handle> handle)
    : path_(std::move(path)), file_(std::move(handle)) {}

int64_t File::size() const {
  hsize_t bytes = 0;
  require(H5Fget_filesize(file_->id, &bytes) >= 0, path_, ": cannot be read");
  return static_cast<int64_t>(bytes);
}

namespace {

/// Files are opened without HDF5's own locks, which a network file system may not have and any
/// other reader may hold: a run keeps its output to itself (app/workplace.h).
Id file_access() {
  Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  H5Pset_file_locking(access, /*use=*/false, /*ignore_when_disabled=*/true);
  return access;
}

Id open_existing(const std::string& path, unsigned mode) {
  require(::access(path.c_str(), F_OK) == 0, path, ": there is no such file");
  require(::access(path.c_str(), R_OK) == 0, path, ": cannot be read (permission)");
  const Id access = file_access();
  Id file(H5Fopen(path.c_str(), mode, access), H5Fclose);
  require(file >= 0, path, ": not a whole HDF5 file (truncated or damaged; couplet-convert reads ",
          "files of other kinds)");
  return file;
}

}  // namespace

namespace {

/// All that a reader may ask of a file.
void walk(const File& file) {
  file.attributes();
  for (const auto& name : file.datasets()) {
    try {
      file.attributes(name);
      if (file.offset(name) < 0) file.read(name);
    } catch (const Error&) {  // the next one may be read
    }
  }
}

}  // namespace

bool has_checksums(const std::string& path) {
  char head[9] = {};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t got = ::read(file, head, sizeof head);
  ::close(file);
  // A superblock of version 2 or later.
  return got == sizeof head && std::memcmp(head, "\x89HDF\r\n\x1a\n", 8) == 0 && head[8] >= 2;
}

File File::open(const std::string& path) {
  const auto opened = [&] {
    return File(path, std::make_shared<Handle>(Handle{open_existing(path, H5F_ACC_RDONLY)}));
  };
  if (!has_checksums(path) && H5Fis_hdf5(path.c_str()) > 0) {
    // On damaged files of the older format the library may crash, or never end.
    const int64_t seconds = 2 + static_cast<int64_t>(std::filesystem::file_size(path) >> 23);
    require(survives([&] { walk(opened()); }, seconds), path,
            ": damaged: the HDF5 library cannot read it through");
  }
  return opened();
}

File File::modify(const std::string& path) {
  return File(path, std::make_shared<Handle>(Handle{open_existing(path, H5F_ACC_RDWR)}));
}

File File::create(const std::string& path) {
  const Id access = file_access();
  // The newer format keeps checksums of its own metadata.
  H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110);
  errno = 0;
  Id file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
  require(file >= 0, path, ": cannot be written",
          errno == 0 ? std::string() : text(": ", std::strerror(errno)));
  return File(path, std::make_shared<Handle>(Handle{std::move(file)}));
}

void File::close() {
  if (file_ == nullptr) return;
  const hid_t id = std::exchange(file_->id.id, -1);
  file_.reset();
  require(H5Fclose(id) >= 0, path_, ": cannot be written to its end (is the disk full?)");
}

bool File::has(const std::string& name) const {
  if (name.empty() || name == "/") return true;
  for (size_t slash = name.find('/', 1);; slash = name.find('/', slash + 1)) {
    const std::string part = name.substr(0, slash);
    if (H5Lexists(file_->id, part.c_str(), H5P_DEFAULT) <= 0) return false;
    H5L_info_t link;
    const bool known = H5Lget_info(file_->id, part.c_str(), &link, H5P_DEFAULT) >= 0;
    if (!known || link.type != H5L_TYPE_HARD) return false;
    if (slash == std::string::npos) return true;
  }
}

std::vector<std::string> File::datasets(const std::string& group) const {
  std::vector<std::string> names;
  if (!has(group)) return names;
  const Id id = checked(H5Oopen(file_->id, group.empty() ? "/" : group.c_str(), H5P_DEFAULT),
                        H5Oclose, where(path_, group) + ": cannot be opened");
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* out) -> herr_t {
    if (info->type == H5O_TYPE_DATASET)
      static_cast<std::vector<std::string>*>(out)->push_back(name);
    return 0;
  };
  require(H5Ovisit2(id, H5_INDEX_NAME, H5_ITER_INC, visit, &names, H5O_INFO_BASIC) >= 0,
          where(path_, group), ": damaged");
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

Id open_dataset(hid_t file, const std::string& path, const std::string& name, bool present) {
  require(present, path, ": has no dataset '", name, "'");
  return checked(H5Dopen(file, name.c_str(), H5P_DEFAULT), H5Dclose,
                 where(path, name) + ": cannot be opened (damaged?)");
}

}  // namespace

std::vector<int64_t> File::sizes(const std::string& name) const {
  const Id data = open_dataset(file_->id, path_, name, has(name));
  return sizes_of(checked(H5Dget_space(data), H5Sclose, where(path_, name)));
}

at::ScalarType File::type(const std::string& name) const {
  const Id data = open_dataset(file_->id, path_, name, has(name));
  return scalar_type(checked(H5Dget_type(data), H5Tclose, where(path_, name)), where(path_, name));
}

namespace {

/// Errors: its numbers lie in other files, or are more than this one can hold.
void check_storage(hid_t data, const std::vector<int64_t>& sizes, at::ScalarType type,
                   int64_t file_size, const std::string& what) {
  const Id creation = checked(H5Dget_create_plist(data), H5Pclose, what);
  const H5D_layout_t layout = H5Pget_layout(creation);
  require(layout != H5D_VIRTUAL && H5Pget_external_count(creation) == 0, what,
          ": its numbers lie in other files, which are not read");
  const int64_t most =
      layout == H5D_CHUNKED ? room_of(file_size) : std::max<int64_t>(1 << 20, file_size);
  const int64_t bytes = bytes_of(sizes, type);
  require(bytes >= 0 && bytes <= most, what, ": ", at::IntArrayRef(sizes),
          " numbers are more than a file of ", file_size, " bytes can hold (damaged)");
  if (layout != H5D_CHUNKED) {  // the library copies as much as its sizes say
    const hsize_t stored = H5Dget_storage_size(data);
    require(stored == 0 || stored >= static_cast<hsize_t>(bytes), what, ": ",
            at::IntArrayRef(sizes), " numbers are more than the ", stored,
            " bytes there (damaged)");
    return;
  }
  std::vector<hsize_t> chunk(sizes.size());
  const int dims = H5Pget_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  const std::vector<int64_t> chunk_sizes(chunk.begin(), chunk.end());
  const int64_t chunk_bytes = dims < 0 ? -1 : bytes_of(chunk_sizes, type);
  require(chunk_bytes >= 0 && chunk_bytes <= most, what, ": has chunks of ",
          at::IntArrayRef(chunk_sizes), ", more than its file can hold (damaged)");
}

}  // namespace

Tensor File::read(const std::string& name) const {
  const Id data = open_dataset(file_->id, path_, name, has(name));
  const auto dims = sizes(name);
  const at::ScalarType element = type(name);
  check_storage(data, dims, element, size(), where(path_, name));
  Tensor out = at::empty(dims, element);
  const Id memory = stored_type(out.scalar_type());
  require(out.numel() == 0 ||
              H5Dread(data, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.mutable_data_ptr()) >= 0,
          where(path_, name), ": cannot be read (truncated or damaged)");
  return out;
}

Array File::array(const std::string& name) const {
  const int64_t begin = offset(name);
  std::vector<int64_t> dims = sizes(name);
  if (dims.empty()) dims = {1};
  if (begin < 0) return read(name).view(dims);
  return within(name, [&] { return array_in_file(path_, begin, dims, type(name)); });
}

namespace {

// The mappings there are, by where they begin: only their pages may be let go.
std::mutex mappings_lock;
std::map<char*, size_t> mappings;

void note_mapping(char* base, size_t length) {
  const std::lock_guard lock(mappings_lock);
  mappings[base] = length;
}

void forget_mapping(char* base) {
  const std::lock_guard lock(mappings_lock);
  ::munmap(base, mappings[base]);
  mappings.erase(base);
}

}  // namespace

void release_pages(const Tensor& mapped) {
  if (!mapped.defined() || !mapped.is_cpu() || mapped.numel() == 0) return;
  auto* begin = static_cast<char*>(const_cast<void*>(mapped.const_data_ptr()));
  const std::lock_guard lock(mappings_lock);
  const auto after = mappings.upper_bound(begin);
  if (after == mappings.begin()) return;
  const auto& [base, length] = *std::prev(after);
  if (begin >= base + length) return;
  const int64_t page = ::sysconf(_SC_PAGESIZE), first = (begin - base) / page * page;
  const auto end = std::min<int64_t>(begin - base + static_cast<int64_t>(mapped.nbytes()), length);
  ::madvise(base + first, end - first, MADV_DONTNEED);
}

int64_t File::offset(const std::string& name) const {
  const Id data = open_dataset(file_->id, path_, name, has(name));
  const Id creation = checked(H5Dget_create_plist(data), H5Pclose, where(path_, name));
  if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Pget_external_count(creation) > 0) return -1;
  const Id stored = checked(H5Dget_type(data), H5Tclose, where(path_, name));
  const Id ours = stored_type(scalar_type(stored, where(path_, name)));
  if (H5Tequal(stored, ours) <= 0) return -1;  // another order of bytes
  const haddr_t address = H5Dget_offset(data);
  return address == HADDR_UNDEF ? -1 : static_cast<int64_t>(address);
}

Tensor File::map(const std::string& name) const {
  const int64_t begin = offset(name);
  if (begin < 0) return read(name);
  const auto dims = sizes(name);
  const at::ScalarType element = type(name);
  const int64_t bytes = bytes_of(dims, element);
  require(bytes >= 0 && bytes <= size(), where(path_, name), ": ", at::IntArrayRef(dims),
          " numbers are more than the file holds (truncated or damaged)");
  if (bytes == 0) return at::empty(dims, element);
  const int64_t page = begin - begin % ::sysconf(_SC_PAGESIZE);
  const size_t length = bytes + (begin - page);
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  require(file >= 0, path_, ": cannot be opened");
  const bool whole = ::lseek(file, 0, SEEK_END) - bytes >= begin;
  if (!whole) ::close(file);
  require(whole, where(path_, name), ": the file ends before its data (truncated)");
  void* base = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, file, page);
  ::close(file);
  require(base != MAP_FAILED, where(path_, name), ": cannot be mapped");
  note_mapping(static_cast<char*>(base), length);
  return at::from_blob(
      static_cast<char*>(base) + (begin - page), dims,
      [base](void*) { forget_mapping(static_cast<char*>(base)); }, element);
}

void File::for_rows(const std::string& name,
                    const std::function<void(const Tensor& rows)>& f) const {
  constexpr int64_t bytes_at_once = int64_t{1} << 26;
  const Tensor all = map(name);
  if (all.dim() == 0 || all.nbytes() <= size_t{bytes_at_once}) return f(all);
  const int64_t row = static_cast<int64_t>(all.nbytes()) / all.size(0);
  for (const Tensor& rows : all.split(std::max<int64_t>(1, bytes_at_once / row))) {
    f(rows);
    release_pages(rows);
  }
}

namespace {

Id create_dataset(hid_t file, const std::string& path, const std::string& name,
                  at::ScalarType element, const std::vector<int64_t>& sizes) {
  const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  const Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  H5Pset_obj_track_times(creation, false);
  const Id type = stored_type(element), space = space_of(sizes);
  return checked(H5Dcreate2(file, name.c_str(), type, space, links, creation, H5P_DEFAULT),
                 H5Dclose, where(path, name) + ": cannot be created (is the disk full?)");
}

}  // namespace

void File::write(const std::string& name, const Tensor& value) {
  const Tensor host = value.detach().cpu().contiguous();
  const Id data = create_dataset(file_->id, path_, name, host.scalar_type(), host.sizes().vec());
  const Id memory = stored_type(host.scalar_type());
  require(host.numel() == 0 ||
              H5Dwrite(data, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, host.const_data_ptr()) >= 0,
          where(path_, name), ": cannot be written (is the disk full?)");
}

void File::reserve(const std::string& name, at::ScalarType type,
                   const std::vector<int64_t>& sizes) {
  create_dataset(file_->id, path_, name, type, sizes);
}

json File::attribute(const std::string& object, const std::string& name) const {
  const std::string at = object.empty() ? "/" : object;
  require(has(at), path_, ": has no '", object, "'");
  if (H5Aexists_by_name(file_->id, at.c_str(), name.c_str(), H5P_DEFAULT) <= 0) return nullptr;
  const std::string what = where(path_, "attribute " + name);
  const Id id =
      checked(H5Aopen_by_name(file_->id, at.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
              H5Aclose, what + ": cannot be opened");
  const json value = read_attribute(id, size(), what);
  within(what, [&] { return value.dump(); });  // UTF-8, or whoever writes it on would fail
  if (!value.is_string()) return value;
  const std::string s = value.get<std::string>();
  if (!s.starts_with('{') && !s.starts_with('[')) return value;
  try {
    return parse_json(s);
  } catch (const Error&) {
    return value;  // a text that looks like it
  }
}

json File::attributes(const std::string& object) const {
  const std::string at = object.empty() ? "/" : object;
  const Id id = checked(H5Oopen(file_->id, at.c_str(), H5P_DEFAULT), H5Oclose, where(path_, at));
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->push_back(name);
    return 0;
  };
  require(H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &names) >= 0, path_,
          ": its attributes are damaged");
  json all = json::object();
  for (const auto& name : names) {
    within(path_, [&] { return json(name).dump(); });  // UTF-8
    all[name] = attribute(at, name);
  }
  return all;
}

void File::set_attribute(const std::string& object, const std::string& name, const json& value) {
  const std::string at = object.empty() ? "/" : object, what = where(path_, "attribute " + name);
  const Id owner = checked(H5Oopen(file_->id, at.c_str(), H5P_DEFAULT), H5Oclose, what);
  if (H5Aexists(owner, name.c_str()) > 0) H5Adelete(owner, name.c_str());
  const auto put = [&](hid_t type, const void* data) {
    const Id space(H5Screate(H5S_SCALAR), H5Sclose);
    const Id id = checked(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                          H5Aclose, what + ": cannot be written (is the disk full?)");
    require(H5Awrite(id, type, data) >= 0, what, ": cannot be written");
  };
  if (value.is_number_integer()) {
    const int64_t v = value.get<int64_t>();
    put(H5T_NATIVE_INT64, &v);
  } else if (value.is_number()) {
    const double v = value.get<double>();
    put(H5T_NATIVE_DOUBLE, &v);
  } else if (value.is_boolean()) {  // as h5py's
    const Id type(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose);
    for (const int8_t v : {0, 1}) H5Tenum_insert(type, v ? "TRUE" : "FALSE", &v);
    const int8_t v = value.get<bool>();
    put(type, &v);
  } else {
    const std::string s = value.is_string() ? value.get<std::string>() : value.dump();
    const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, std::max<size_t>(1, s.size()));
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    put(type, s.data());
  }
}

}  // namespace couplet::h5

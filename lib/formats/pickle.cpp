#include "formats/pickle.h"

#include <ATen/ATen.h>

#include <bit>
#include <cstring>
#include <deque>
#include <map>
#include <variant>

#include "base/error.h"

namespace couplet {

namespace {

struct Value;
using Ref = const Value*;  // all values of a pickle live as long as its reading

struct None {};
struct List {
  std::vector<Ref> items;  // of tuples and sets too
};
struct Dict {
  std::vector<std::pair<Ref, Ref>> items;
};
struct Global {
  std::string name;
};
struct Storage {
  Tensor numbers;
};
struct Value {
  std::variant<None, bool, int64_t, double, std::string, List, Dict, Global, Storage, Tensor> is;
};

/// What a pickle may ask for by name. Storages are "torch FloatStorage", …
const std::vector<std::pair<std::string, at::ScalarType>> storages = {
    {"torch FloatStorage", at::kFloat}, {"torch DoubleStorage", at::kDouble},
    {"torch HalfStorage", at::kHalf},   {"torch BFloat16Storage", at::kBFloat16},
    {"torch LongStorage", at::kLong},   {"torch IntStorage", at::kInt},
    {"torch ShortStorage", at::kShort}, {"torch CharStorage", at::kChar},
    {"torch ByteStorage", at::kByte},   {"torch BoolStorage", at::kBool}};

/// How the others are made; none of them is run.
enum class Maker { dictionary, list, tensor, parameter, left_out };
const std::map<std::string, Maker> makers = {
    {"collections OrderedDict", Maker::dictionary},
    {"collections defaultdict", Maker::dictionary},
    {"builtins set", Maker::list},
    {"builtins frozenset", Maker::list},
    {"__builtin__ set", Maker::list},
    {"__builtin__ frozenset", Maker::list},
    {"torch Size", Maker::list},
    {"torch._utils _rebuild_tensor", Maker::tensor},
    {"torch._utils _rebuild_tensor_v2", Maker::tensor},
    {"torch._utils _rebuild_parameter", Maker::parameter},
    {"torch._utils _rebuild_parameter_with_state", Maker::parameter},
    // Plain values that stand beside weights: read over.
    {"argparse Namespace", Maker::left_out},
    {"pathlib PosixPath", Maker::left_out},
    {"torch device", Maker::left_out},
    {"torch float32", Maker::left_out},
    {"torch float16", Maker::left_out},
    {"torch bfloat16", Maker::left_out},
    {"torch float64", Maker::left_out},
    {"torch int64", Maker::left_out},
    {"numpy dtype", Maker::left_out},
    {"numpy.core.multiarray scalar", Maker::left_out},
    {"numpy._core.multiarray scalar", Maker::left_out},
    {"_codecs encode", Maker::left_out}};

/// A name out of a file, fit for a line.
std::string shown(const std::string& name) {
  std::string line = "'";
  for (const char c : name.substr(0, 80)) {
    line += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
  }
  return line + (name.size() > 80 ? "…'" : "'");
}

constexpr size_t most_values = 10000000;  // more is not met, and would be more than memory holds

class Unpickler {
 public:
  Unpickler(std::string_view bytes, const StorageReader& storage, const std::string& source)
      : bytes_(bytes), storage_(storage), source_(source) {}

  Ref load() {
    while (true) {
      const char op = take(1)[0];
      if (op == '.') return pop();
      execute(op);
    }
  }
  size_t position() const { return at_; }

 private:
  template <class... Parts>
  void need(bool ok, const Parts&... parts) const {
    require(ok, source_, ": ", parts...);
  }

  // Reading
  std::string_view take(size_t count) {
    need(count <= bytes_.size() - at_, "the pickle ends too early (truncated)");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  uint64_t number(size_t width) {
    const std::string_view part = take(width);
    uint64_t value = 0;
    for (size_t i = width; i-- > 0;) value = value << 8 | static_cast<uint8_t>(part[i]);
    return value;
  }
  std::string line() {
    const size_t end = bytes_.find('\n', at_);
    need(end != bytes_.npos, "the pickle ends too early (truncated)");
    std::string text(take(end - at_));
    take(1);
    return text;
  }

  // The stack
  void push(Value value) { push(keep(std::move(value))); }
  void push(Ref value) { stack_.push_back(value); }
  Value* keep(Value value) {
    need(values_.size() < most_values, "more than ten million values are not read");
    return &values_.emplace_back(std::move(value));
  }
  Ref pop() {
    const Ref value = top();
    stack_.pop_back();
    return value;
  }
  Ref top() const {
    need(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "damaged pickle: an empty stack");
    return stack_.back();
  }
  std::vector<Ref> pop_to_mark() {
    need(!marks_.empty(), "damaged pickle: no mark");
    const std::vector<Ref> values(stack_.begin() + static_cast<int64_t>(marks_.back()),
                                  stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return values;
  }
  template <class T>
  const T& as(Ref value, const char* what) const {
    const T* found = std::get_if<T>(&value->is);
    need(found != nullptr, "damaged pickle: expected ", what);
    return *found;
  }
  template <class T>
  T& container(const char* what) {  // the one on top, to be added to
    return const_cast<T&>(as<T>(top(), what));
  }

  void add_items(const std::vector<Ref>& pairs) {
    need(pairs.size() % 2 == 0, "damaged pickle: a key without a value");
    auto& items = container<Dict>("a dictionary").items;
    for (size_t i = 0; i < pairs.size(); i += 2) items.emplace_back(pairs[i], pairs[i + 1]);
  }
  void recall(uint64_t place) {
    const auto found = memo_.find(place);
    need(found != memo_.end(), "damaged pickle: nothing is noted at ", place);
    push(found->second);
  }
  void push_list(std::vector<Ref> items) { push({List{std::move(items)}}); }
  void push_text(size_t width) { push({std::string(take(number(width)))}); }

  void execute(char op) {
    switch (op) {
      case '\x80':
        return void(take(1));  // protocol
      case '\x95':
        return void(take(8));  // frame
      case '(':
        return marks_.push_back(stack_.size());
      case '0':
        return void(pop());
      case 'N':
        return push({None{}});
      case '\x88':
        return push({true});
      case '\x89':
        return push({false});
      case 'K':
        return push({static_cast<int64_t>(number(1))});
      case 'M':
        return push({static_cast<int64_t>(number(2))});
      case 'J':
        return push({static_cast<int64_t>(static_cast<int32_t>(number(4)))});
      case '\x8a':
        return push_long(number(1));
      case '\x8b':
        return push_long(number(4));
      case 'G':
        return push_real();
      case 'X':
      case 'T':
      case 'B':
        return push_text(4);
      case '\x8c':
      case 'U':
      case 'C':
        return push_text(1);
      case ')':
        return push_list({});
      case ']':
        return push_list({});
      case '\x8f':  // an empty set
        return push_list({});
      case '}':
        return push({Dict{}});
      case 't':
        return push_list(pop_to_mark());
      case '\x85':
        return push_tuple(1);
      case '\x86':
        return push_tuple(2);
      case '\x87':
        return push_tuple(3);
      case 'a': {
        const Ref item = pop();
        return container<List>("a list").items.push_back(item);
      }
      case '\x91':  // a frozen set
        return push_list(pop_to_mark());
      case '\x90':  // to a set
      case 'e': {
        const auto more = pop_to_mark();
        auto& items = container<List>("a list").items;
        return void(items.insert(items.end(), more.begin(), more.end()));
      }
      case 's': {
        const Ref value = pop(), key = pop();
        return add_items({key, value});
      }
      case 'u':
        return add_items(pop_to_mark());
      case 'q':
        return void(memo_[number(1)] = top());
      case 'r':
        return void(memo_[number(4)] = top());
      case '\x94':
        return void(memo_[memo_.size()] = top());
      case 'h':
        return recall(number(1));
      case 'j':
        return recall(number(4));
      case 'c': {
        const std::string module = line();
        return push_global(module + " " + line());
      }
      case '\x93': {
        const std::string name = as<std::string>(pop(), "a name");
        return push_global(as<std::string>(pop(), "a name") + " " + name);
      }
      case 'Q':
        return push_storage(as<List>(pop(), "a storage").items);
      case 'R':
      case '\x81': {
        const auto& arguments = as<List>(pop(), "arguments").items;
        return construct(as<Global>(pop(), "a class").name, arguments);
      }
      case 'b':
        return void(pop());  // attributes beside the contents
      default:
        fail(source_, ": instruction ", static_cast<int>(static_cast<uint8_t>(op)),
             " of Python's pickles is not read");
    }
  }

  void push_tuple(size_t count) {
    std::vector<Ref> items(count);
    while (count > 0) items[--count] = pop();
    push_list(std::move(items));
  }
  void push_long(size_t width) {  // longer ones are nobody's sizes: kept as their bytes
    if (width > 8) return push({std::string(take(width))});
    const int spare = static_cast<int>(64 - 8 * width);
    const uint64_t value = width == 0 ? 0 : number(width) << spare;
    push({static_cast<int64_t>(value) >> (width == 0 ? 0 : spare)});
  }
  void push_real() {
    uint64_t bits = 0;
    for (const char byte : take(8)) bits = bits << 8 | static_cast<uint8_t>(byte);
    push({std::bit_cast<double>(bits)});
  }

  void push_global(const std::string& name) {
    const bool storage = std::any_of(storages.begin(), storages.end(),
                                     [&](const auto& row) { return row.first == name; });
    need(
        storage || makers.contains(name), "asks for ", shown(name), ", which is no tensor and no ",
        "plain container; nothing was run. Save the weights alone: torch.save(model.state_dict())");
    push({Global{name}});
  }

  // ("storage", type, key, device, count[, view])
  void push_storage(const std::vector<Ref>& is) {
    need(is.size() >= 5 && as<std::string>(is[0], "a text") == "storage",
         "damaged pickle: what is kept outside of it is no storage");
    const std::string& name = as<Global>(is[1], "a type").name;
    const auto type = std::find_if(storages.begin(), storages.end(),
                                   [&](const auto& row) { return row.first == name; });
    need(type != storages.end(), "damaged pickle: ", shown(name), " is no storage");
    need(is.size() == 5 || std::holds_alternative<None>(is[5]->is),
         "holds a view of a storage, which is not read");
    const int64_t count = as<int64_t>(is[4], "a number");
    need(count >= 0, "damaged pickle: a storage of ", count, " numbers");
    push({Storage{storage_(type->second, as<std::string>(is[2], "a text"), count)}});
  }

  void construct(const std::string& name, const std::vector<Ref>& arguments) {
    const auto maker = makers.find(name);
    need(maker != makers.end(), "damaged pickle: ", shown(name), " is not called");
    const auto least = [&](size_t count) {
      need(arguments.size() >= count, "damaged pickle: ", shown(name), " of ", arguments.size());
    };
    switch (maker->second) {
      case Maker::dictionary:
        return push_dict(arguments);
      case Maker::list:
        least(1);
        as<List>(arguments[0], "a list");
        return push(arguments[0]);
      case Maker::parameter:
        least(1);
        as<Tensor>(arguments[0], "a tensor");
        return push(arguments[0]);
      case Maker::left_out:
        return push({None{}});
      case Maker::tensor:
        least(4);
        need(arguments.size() < 7 || as<Dict>(arguments[6], "a dictionary").items.empty(),
             "a tensor that is kept negated or conjugated is not read");
        return push({view(as<Storage>(arguments[0], "a storage").numbers,
                          as<int64_t>(arguments[1], "a number"), numbers(arguments[2]),
                          numbers(arguments[3]))});
    }
  }

  /// Empty, or of a list of pairs, as Python 2 wrote it.
  void push_dict(const std::vector<Ref>& arguments) {
    Dict dict;
    if (!arguments.empty() && std::holds_alternative<List>(arguments.back()->is)) {
      for (const Ref pair : as<List>(arguments.back(), "a list").items) {
        const auto& items = as<List>(pair, "a pair").items;
        need(items.size() == 2 && ++copied_ <= bytes_.size(), "damaged pickle: no list of pairs");
        dict.items.emplace_back(items[0], items[1]);
      }
    }
    push({std::move(dict)});
  }

  std::vector<int64_t> numbers(Ref list) const {
    std::vector<int64_t> all;
    for (const Ref item : as<List>(list, "a tuple").items) {
      all.push_back(as<int64_t>(item, "a number"));
    }
    return all;
  }

  Tensor view(const Tensor& storage, int64_t offset, const std::vector<int64_t>& sizes,
              const std::vector<int64_t>& strides) const {
    // A tensor has no more numbers than its storage, so that none grows when it is copied.
    bool fits = offset >= 0 && sizes.size() == strides.size() && sizes.size() <= 64;
    bool empty = false;
    __int128 count = 1, last = offset;
    for (size_t i = 0; fits && i < sizes.size(); ++i) {
      fits = sizes[i] >= 0 && sizes[i] < (int64_t{1} << 40) && strides[i] >= 0;
      empty |= sizes[i] == 0;
      count *= std::min<__int128>(sizes[i], storage.numel() + 1);
      last += static_cast<__int128>(sizes[i] - 1) * strides[i];
      fits &= empty || count <= storage.numel();
    }
    need(fits && (empty || last < storage.numel()), "a tensor of ", sizes.size(),
         " dimensions does not fit its storage of ", storage.numel(), " numbers");
    if (empty) return at::empty(sizes, storage.options());
    return storage.as_strided(sizes, strides, offset);
  }

  std::string_view bytes_;
  const StorageReader& storage_;
  std::string source_;
  size_t at_ = 0;
  std::deque<Value> values_;
  std::vector<Ref> stack_;
  std::vector<size_t> marks_;
  std::map<uint64_t, Ref> memo_;
  size_t copied_ = 0;  // pairs
};

/// Collects tensors by their paths. A few bytes can name containers that hold each other, or more
/// entries than there are atoms, so that depth, length and number are bounded.
class Collector {
 public:
  explicit Collector(const std::string& source) : source_(source) {}
  Tensors tensors;

  void visit(Ref value, const std::string& path, int depth) {
    require(depth < 64, source_, ": containers within containers, 64 deep, are not read");
    require(++visited_ < most_values, source_, ": more than ten million entries are not read");
    const auto below = [&](const std::string& name, Ref item) {
      visit(item, path.empty() ? name : path + "/" + name, depth + 1);
    };
    if (const auto* tensor = std::get_if<Tensor>(&value->is)) {
      require(path.find(no_name) == path.npos, source_,
              ": a tensor's key is no text and no number");
      require(tensors.size() < most_tensors, source_, ": more than a million tensors are not read");
      require(tensors.emplace(path, *tensor).second, source_, ": two tensors called ", shown(path));
    } else if (const auto* dict = std::get_if<Dict>(&value->is)) {
      for (const auto& [key, item] : dict->items) {
        if (is_container(item)) below(name_of(key), item);
      }
    } else if (const auto* list = std::get_if<List>(&value->is)) {
      for (size_t i = 0; i < list->items.size(); ++i) {
        if (is_container(list->items[i])) below(std::to_string(i), list->items[i]);
      }
    }
  }

 private:
  static constexpr char no_name = '\0';
  static constexpr size_t most_tensors = 1000000;

  bool is_container(Ref value) {  // or a tensor: worth a path of its own
    require(++visited_ < most_values, source_, ": more than ten million entries are not read");
    return std::holds_alternative<Tensor>(value->is) || std::holds_alternative<Dict>(value->is) ||
           std::holds_alternative<List>(value->is);
  }
  std::string name_of(Ref key) const {
    if (const auto* number = std::get_if<int64_t>(&key->is)) return std::to_string(*number);
    const auto* name = std::get_if<std::string>(&key->is);
    if (name == nullptr) return std::string(1, no_name);
    require(name->size() <= 1000, source_, ": a key of ", name->size(), " characters is not read");
    return *name;
  }
  std::string source_;
  size_t visited_ = 0;
};

}  // namespace

Pickled read_pickle(std::string_view bytes, const StorageReader& storage,
                    const std::string& source) {
  Unpickler unpickler(bytes, storage, source);
  const Ref value = unpickler.load();
  Collector collector(source);
  collector.visit(value, "", 0);
  Pickled pickled{std::move(collector.tensors), {}, unpickler.position()};
  constexpr size_t longest_text = 64;
  if (const auto* list = std::get_if<List>(&value->is)) {
    for (const Ref item : list->items) {
      const auto* text = std::get_if<std::string>(&item->is);
      if (text != nullptr && text->size() <= longest_text) pickled.texts.push_back(*text);
    }
  }
  return pickled;
}

}  // namespace couplet

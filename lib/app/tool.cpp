#include "app/tool.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Generator.h>

#include <torch/utils.h>

#include <CLI/CLI.hpp>
#include <deque>
#include <fstream>
#include <iostream>
#include <optional>
#include <variant>

#include "app/completion.h"
#include "app/ending.h"
#include "app/lost_input.h"
#include "app/man_page.h"
#include "app/manual.h"
#include "app/rehearsal.h"
#include "app/workplace.h"
#include "base/denormals.h"
#include "base/memory.h"
#include "base/mkl.h"
#include "base/parse.h"
#include "base/version.h"
#include "formats/bytes.h"

namespace couplet {

namespace {

struct CommonFlags {
  std::string output, config, device = "auto";
  std::vector<std::string> sets;
  int64_t threads = 0, seed = 0;
  double max_seconds = 0;
  bool force = false, dump_config = false, dry_run = false, list = false, no_provenance = false;
  bool quiet = false;
};

// The value of --set KEY.PATH=VALUE laid into an object; VALUE is JSON, or else a text.
void lay(json& over, const std::string& assignment) {
  const size_t equals = assignment.find('=');
  require_option(equals != std::string::npos && equals > 0, "--set wants KEY=VALUE, found '",
                 assignment, "'");
  const std::string path = assignment.substr(0, equals), given = assignment.substr(equals + 1);
  json value = json::parse(given, nullptr, false);
  if (value.is_discarded()) value = given;
  json* at = &over;
  std::istringstream keys(path);
  for (std::string key; std::getline(keys, key, '.');) {
    if (at->is_string()) *at = {{"type", *at}};  // a variant's short form
    require_option(at->is_object() || at->is_null(), "--set ", path, ": '", key,
                   "' lies in something that has no parts");
    at = &(*at)[key];
  }
  *at = value;
}

json read_experiment(const std::string& path, const std::string& tool) {
  if (path.empty()) return json::object();
  std::ifstream in(path);
  require_option(in.good(), path, ": the experiment file cannot be read");
  const std::string content(std::istreambuf_iterator<char>(in), {});
  json all;
  try {
    all = parse_json(content, /*comments=*/true);
  } catch (const Error& e) {
    throw BadOption(path + ": " + e.what());
  }
  require_option(all.is_object(), path, ": must be an object with a section for each tool");
  for (const auto& [section, value] : all.items()) {
    const auto& tools = tool_names();
    require_option(
        section == "about" || std::find(tools.begin(), tools.end(), section) != tools.end(), path,
        ": unknown section '", section, "'", did_you_mean(section, tools));
  }
  return all.value(tool, json::object());
}

/// Of many processes each takes the GPU of its number on the machine.
c10::Device choose_device(const std::string& name, const Group& group) {
  if (name == "auto") return choose_device(at::hasCUDA() ? "cuda" : "cpu", group);
  try {
    const c10::Device device(name);
    if (name == "cuda" && group.size() > 1 && at::hasCUDA()) {
      const int64_t count = std::max<int64_t>(1, at::getNumGPUs());
      return {c10::kCUDA, static_cast<c10::DeviceIndex>(group.local_rank() % count)};
    }
    require_option(!device.is_cuda() || at::hasCUDA(), "--device ", name,
                   ": there is no CUDA here");
    require_option(device.is_cuda() || device.is_cpu(), "--device ", name, ": cpu or cuda");
    return device;
  } catch (const c10::Error&) {
    throw BadOption("--device: unknown device '" + name + "'; cpu, cuda, cuda:1 or auto");
  }
}

/// All processes take as many threads: sums of other numbers of threads round otherwise.
int64_t least_cores(const Group& group) {
  return -static_cast<int64_t>(largest(group, -static_cast<double>(group.cores())));
}

/// A file tells the command that made it, in JSON: better refused now than when it is written.
void require_utf8(const std::vector<std::string>& command) {
  for (const std::string& word : command)
    require_option(is_utf8(word), "'", word, "': names have to be UTF-8");
}

/// A file of ours is HDF5, whatever its name: one of another format would mislead.
void refuse_foreign(const std::string& output) {
  for (const char* ending :
       {".csv", ".html", ".jpg", ".json", ".npy", ".npz", ".png", ".pt", ".pth", ".safetensors"}) {
    require_option(!output.ends_with(ending), "--output ", output,
                   ": is written as HDF5 (.h5), of ", "which couplet-convert makes other formats");
  }
}

/// The first flag that is none of the tool's, with the nearest that is; else the parser's words.
std::string unexpected(const CLI::App& app, const CLI::ExtrasError& error) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  for (const std::string& word : app.remaining()) {
    const std::string flag = word.substr(0, word.find('='));
    if (flag.starts_with("--")) return text("unknown option ", flag, did_you_mean(flag, names));
  }
  return error.what();
}

Argument described(const CLI::Option& option) {
  Argument a{.help = option.get_description(), .fallback = option.get_default_str()};
  a.required = option.get_required(), a.many = option.get_items_expected_max() > 1;
  if (option.get_positional()) {
    a.name = option.get_name(/*positional=*/true);
    return a;
  }
  for (const auto& name : option.get_snames()) a.name += "-" + name + ", ";
  a.name += "--" + option.get_lnames().at(0);
  const std::string type = option.get_type_name();  // "INT:NONNEGATIVE"
  if (option.get_items_expected_max() > 0) a.value = type.substr(0, type.find(':'));
  return a;
}

}  // namespace

struct Tool::State {
  ToolInfo info;
  CLI::App app;
  CommonFlags common;
  std::deque<std::variant<bool, int64_t, std::string, std::vector<std::string>>> values;
  std::map<std::string, size_t> flags;  // of the tool's own, by name: index of its value
  std::vector<const std::string*> input_texts;
  std::vector<const std::vector<std::string>*> input_lists;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();

  explicit State(const ToolInfo& info) : info(info), app(info.summary, info.name) {}

  template <class T>
  T& keep(const std::string& flag, T fallback) {
    if (!flag.empty()) flags[flag] = values.size();
    return std::get<T>(values.emplace_back(std::move(fallback)));
  }

  json flag_values() const {
    json all = json::object();
    for (const auto& [name, index] : flags) {
      std::visit([&](const auto& value) { all[name] = value; }, values[index]);
    }
    return all;
  }

  // The tool's own flags come before those of every tool.
  ToolDescription description(const OptionSet& options) {
    ToolDescription tool{.info = info, .options = options_of(options)};
    std::vector<Argument> common;
    for (const CLI::Option* option : app.get_options()) {
      const Argument a = described(*option);
      const bool own = flags.contains(a.name.substr(a.name.find_first_not_of('-')));
      (option->get_positional() ? tool.arguments : own ? tool.flags : common).push_back(a);
    }
    common.push_back({.name = "-h, --help", .help = "print this page and stop"});
    common.push_back({.name = "--version", .help = "print the version and stop"});
    tool.flags.insert(tool.flags.end(), common.begin(), common.end());
    return tool;
  }

  /// What a flag prints that asks for nothing but a page.
  std::optional<std::string> page(const std::string& flag, const OptionSet& options) {
    if (flag == "-h" || flag == "--help") return manual(description(options));
    if (flag == "--list") return variants(options_of(options), info.lists);
    if (flag == "--man") return man_page(description(options));
    if (flag == "--completion") return completion(description(options));
    if (flag == "--version")
      return text(info.name, " " COUPLET_VERSION " (CUDA ", COUPLET_CUDA, ", MPI ", COUPLET_MPI,
                  ", NCCL ", COUPLET_NCCL, ")\n");
    return std::nullopt;
  }

  std::vector<std::string> input_paths() const {
    std::vector<std::string> paths;
    for (const auto* path : input_texts) paths.push_back(*path);
    for (const auto* list : input_lists) paths.insert(paths.end(), list->begin(), list->end());
    return paths;
  }
};

Tool::Tool(ToolInfo info) : state_(std::make_unique<State>(info)) {
  CLI::App& app = state_->app;
  CommonFlags& c = state_->common;
  app.set_help_flag();
  if (info.output != Output::none) {
    auto* o = app.add_option("-o,--output", c.output, "the file written")->type_name("OUTPUT");
    if (info.output == Output::required) o->required();
  }
  app.add_option("-c,--config", c.config,
                 "experiment file (JSON); the section of this tool is read")
      ->type_name("FILE");
  // Without allow_extra_args(false) -s would swallow the arguments after its value.
  app.add_option("-s,--set", c.sets, "one option, over the experiment file; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  app.add_option("--device", c.device, "where it computes; cuda:N: on the GPU of that number")
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  app.add_option("--threads", c.threads, "CPU threads; 0: this process's share of the cores")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", c.seed, "decides every random draw")->capture_default_str();
  app.add_option("--max-seconds", c.max_seconds,
                 "after so long save and leave with status 75; what keeps nothing leaves with 1")
      ->check(CLI::NonNegativeNumber);
  if (info.output != Output::none)
    app.add_flag("--force", c.force,
                 "write OUTPUT though it exists; give up other work in progress");
  if (!info.brief)
    app.add_flag("--dry-run", c.dry_run,
                 "begin for ten seconds, or --max-seconds, beside OUTPUT; print as JSON what all "
                 "will take, and keep nothing");
  app.add_flag("--dump-config", c.dump_config,
               "print the effective options as JSON with comments, which -c reads, and stop");
  app.add_flag("--list", c.list, "print the variants that options choose from and stop");
  if (info.output != Output::none)
    app.add_flag("--no-provenance", c.no_provenance,
                 "leave host, time and command out of the file");
  app.add_flag("-q,--quiet", c.quiet, "only errors and warnings on stderr");
}

Tool::~Tool() = default;

const std::string& Tool::input(const std::string& name, const std::string& help) {
  auto& value = state_->keep("", std::string());
  state_->app.add_option(name, value, help)->required();
  state_->input_texts.push_back(&value);
  return value;
}

const std::vector<std::string>& Tool::inputs(const std::string& name, const std::string& help) {
  auto& value = state_->keep("", std::vector<std::string>());
  state_->app.add_option(name, value, help)->required();
  state_->input_lists.push_back(&value);
  return value;
}

const bool& Tool::flag(const std::string& name, bool fallback, const std::string& help) {
  auto& value = state_->keep(name, fallback);
  state_->app.add_flag("--" + name, value, help);
  return value;
}

const int64_t& Tool::flag(const std::string& name, int64_t fallback, const std::string& help) {
  auto& value = state_->keep(name, fallback);
  state_->app.add_option("--" + name, value, help)->capture_default_str();
  return value;
}

const std::string& Tool::flag(const std::string& name, std::string fallback,
                              const std::string& help) {
  auto& value = state_->keep(name, std::move(fallback));
  state_->app.add_option("--" + name, value, help)->capture_default_str();
  return value;
}

int Tool::run(int argc, char** argv, const OptionSet& options,
              const std::function<void(const json&, Run&)>& body) {
  const ToolInfo& info = state_->info;
  CommonFlags& c = state_->common;
  const Launch launch = launched();  // of many, the lead alone writes to stdout
  if (launch.rank > 0 && std::freopen("/dev/null", "w", stdout) == nullptr) return 1;
  std::shared_ptr<const Group> group;
  try {
    for (int i = 1; i < argc; ++i) {
      if (const auto page = state_->page(argv[i], options)) {
        std::cout << *page;
        return std::cout.flush() ? 0 : 1;
      }
    }
    // --decode auto is -s decode=auto.
    for (const Option& option : options_of(options)) {
      const std::string name = "--" + option.path;
      if (state_->app.get_option_no_throw(name) != nullptr) continue;
      const auto set = [&c, name](const std::string& value) {
        c.sets.push_back(name.substr(2) + "=" + value);
      };
      state_->app.add_option_function<std::string>(name, set)->group("");
    }
    // --dump-config needs no files.
    const bool dump_only = std::any_of(
        argv, argv + argc, [](const char* a) { return std::string(a) == "--dump-config"; });
    if (dump_only) {
      for (CLI::Option* option : state_->app.get_options()) option->required(false);
    }
    state_->app.parse(argc, argv);

    const json section = read_experiment(c.config, info.name);
    json sets = json::object();
    for (const auto& assignment : c.sets) lay(sets, assignment);
    json given = section;
    for (const auto& assignment : c.sets) lay(given, assignment);
    const json effective = options.effective(given);
    if (c.dump_config) {
      std::cout << dump_config(info.name, effective, c.config, section, sets);
      return std::cout.flush() ? 0 : 1;
    }

    require_option(launch.size == 1 || !info.alone, "works in one process, but was started as ",
                   launch.size, " by mpirun or srun");
    const std::vector<std::string> command(argv, argv + argc);
    require_utf8(command);
    require_option(!c.output.empty() || !(c.force || c.no_provenance),
                   "--force and --no-provenance have no effect without --output");
    if (info.output == Output::required && !info.foreign) refuse_foreign(c.output);
    listen_to_signals();
    group = join(launch, command);
    Run run;
    run.group = group;
    run.tool = info.name, run.config = effective;
    run.output = c.output.substr(0, c.output.find_last_not_of('/') + 1);  // a folder
    run.seed = c.seed, run.random = Random(static_cast<uint64_t>(c.seed));
    run.provenance = !c.no_provenance;
    run.log = std::make_shared<Log>(!run.leads() ? Log::Level::silent
                                    : c.quiet    ? Log::Level::quiet
                                                 : Log::Level::normal);
    flush_denormals();
    keep_freed_memory();
    choose_mkl_kernels();
    const int64_t threads = c.threads > 0 || launch.size == 1 ? c.threads : least_cores(*group);
    if (threads > 0) at::set_num_threads(static_cast<int>(threads));
    // Shares of work wait for shares of their own: all of them run at once (SideBySide).
    at::set_num_interop_threads(
        std::max(at::get_num_threads(), static_cast<int>(at::get_num_interop_threads())));
    run.device = choose_device(c.device, *group);
    require_option(
        !group->any(run.device.is_cuda()) || run.device.is_cuda(),
        "there is no CUDA here, other processes of the run have it (--device cpu is for all)");
    const c10::DeviceGuard guard(run.device);
    at::globalContext().setDeterministicCuDNN(true);
    torch::manual_seed(run.random.stream("initial weights").key());
    run.command = {
        {"argv", command}, {"threads", at::get_num_threads()}, {"started", std::time(nullptr)}};
    if (launch.size > 1) run.command["processes"] = launch.size;
    listen_for_lost_input(info.name.c_str());
    const auto age = [this] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - state_->begin)
          .count();
    };
    const double limit = c.dry_run ? 0 : c.max_seconds;
    run.stop = [&age, limit, &group = *group] {
      return group.any(signalled() || (limit > 0 && age() > limit));
    };
    const auto work = [&] {
      if (run.output.empty()) return body(given, run);
      Workplace place(run, state_->flag_values(), state_->input_paths(), c.force);
      body(given, run);
      place.finish(age());
    };
    if (c.dry_run) {
      const json found = rehearse(run, c.max_seconds > 0 ? c.max_seconds : 10, work);
      std::cout << found.dump(1) << std::endl;
    } else {
      work();
    }
    std::cout.flush();
    require(std::cout.good() && std::fclose(stdout) == 0, "stdout cannot be written to its end");
    return 0;
  } catch (const CLI::ParseError& e) {
    const auto* extras = dynamic_cast<const CLI::ExtrasError*>(&e);
    const std::string words = extras ? unexpected(state_->app, *extras) : e.what();
    return end_run(text(info.name, ": ", words, "; see ", info.name, " --help"), 2, launch,
                   group.get());
  } catch (const std::exception& e) {
    const Verdict verdict = explain(e);
    return end_run(info.name + ": " + verdict.message, verdict.status, launch, group.get());
  }
}

}  // namespace couplet

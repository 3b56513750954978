#include "app/completion.h"

#include <algorithm>
#include <set>

namespace couplet {

namespace {

// What comes after "-s ": "train.steps=", "flip=true", "net=mlp".
std::string assignments(const OptionInfo& option, const Table* table) {
  std::vector<std::string> values = {""};
  if (table != nullptr) values = table->names();
  if (option.fallback.is_boolean()) values = {"true", "false"};
  std::string words;
  for (const auto& value : values) words += " " + option.path + "=" + value;
  return words;
}

// The options of all variants, which -s takes too.
std::string of_variants(const std::vector<Option>& options) {
  std::string words;
  std::set<std::string> seen;
  for (const Option& option : options) {
    if (option.table == nullptr) continue;
    for (const auto& name : option.table->names()) {
      for (const OptionInfo& own : option.table->options(name, option.path)) {
        if (seen.insert(own.path).second) words += assignments(own, nullptr);
      }
    }
  }
  return words;
}

// "-o, --output" as "-o --output"
std::string words_of(std::string names) {
  std::erase(names, ',');
  return names;
}

// The function is the same for every tool; bash gives a word at a time, cut at '=', zsh whole ones.
constexpr const char* kFunction = R"(
  local line=${COMP_LINE:0:$COMP_POINT} word before offered= stem= reply
  word=${line##*[[:space:]]} before=${line%"$word"}
  while [[ $before == *[[:space:]] ]]; do before=${before%?}; done
  before=${before##*[[:space:]]}
  COMPREPLY=()
  case $before in
    -s | --set) offered="$options $variants" ;;
VALUES    --*) offered=$options stem="${before#--}=" ;;
  esac
  for reply in $(compgen -W "$offered" -- "$stem$word"); do
    reply=${reply#"$stem"}
    [[ -n $reply ]] && COMPREPLY+=("$reply")
  done
  if [[ ${#COMPREPLY[@]} = 0 && $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"; compgen -P -- -W "$options" -- "${word#--}"))
  fi
  if [[ $word == *=* && $COMP_WORDBREAKS == *=* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
  fi
  [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace 2> /dev/null
  return 0
}
)";

}  // namespace

std::string completion(const ToolDescription& tool) {
  std::string function = "_" + tool.info.name, flags, values, options;
  std::replace(function.begin(), function.end(), '-', '_');
  for (const Argument& flag : tool.flags) {
    flags += " " + words_of(flag.name);
    if (flag.value.find('|') == std::string::npos) continue;
    std::string words = flag.value;
    std::replace(words.begin(), words.end(), '|', ' ');
    values += "    " + flag.name + ") offered='" + words + "' ;;\n";
  }
  for (const Option& option : tool.options) options += assignments(option, option.table);
  std::string body = kFunction;
  body.replace(body.find("VALUES"), 6, values);
  return "# Completion for bash, made by: " + tool.info.name + " --completion\n" +
         "# zsh: autoload -U bashcompinit; bashcompinit; source this file\n" + function +
         "() {\n  local flags='" + flags + "'\n  local options='" + options +
         "'\n  local variants='" + of_variants(tool.options) + "'" + body +
         "complete -o bashdefault -o default -F " + function + " " + tool.info.name + "\n";
}

}  // namespace couplet

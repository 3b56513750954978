#include "report/lineage.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "report/svg.h"

namespace couplet {

namespace {

const json& parents_of(const json& record) {
  static const json none = json::array();
  const auto found = record.find("parents");
  return found == record.end() || !found->is_array() ? none : *found;
}

std::string uuid_of(const json& record) { return record.value("uuid", ""); }

void grow_tree(const std::map<std::string, const json*>& by_uuid, const json& record,
               const std::string& first, const std::string& rest, std::set<std::string>& shown,
               std::string& out) {
  const bool again = !shown.insert(uuid_of(record)).second;
  out += first + record_name(record) + "  " + record.value("kind", "") +
         (again ? "  (as above)" : "  " + record_note(record, true)) + "\n";
  if (again) return;
  const json& parents = parents_of(record);
  for (size_t i = 0; i < parents.size(); ++i) {
    const bool last = i + 1 == parents.size();
    const auto found = by_uuid.find(parents[i].get<std::string>());
    const json unknown = {{"kind", "unknown file " + parents[i].get<std::string>()}};
    grow_tree(by_uuid, found == by_uuid.end() ? unknown : *found->second,
              rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "), shown, out);
  }
}

std::map<std::string, const json*> index_of(const json& records) {
  std::map<std::string, const json*> by_uuid;
  for (const json& record : records) by_uuid[uuid_of(record)] = &record;
  return by_uuid;
}

constexpr double box_width = 172, box_height = 52, gap_x = 16, gap_y = 36;

/// A box of the picture: a record, or leaves that are alike; or (bend) where an edge passes a
/// layer.
struct Box {
  std::string name, kind, tool;
  std::set<std::string> uuids, parents;
  int layer = 0;
  bool bend = false;
  double x = 0;

  double width() const { return bend ? 0 : box_width; }
  double top() const { return layer * (box_height + gap_y); }
};

/// Boxes, and edges from parent to child by their numbers.
struct Graph {
  std::vector<Box> boxes;
  std::vector<std::pair<size_t, size_t>> edges;
};

std::vector<Box> boxes_of(const json& records) {
  std::set<std::string> has_children;
  for (const json& record : records) {
    for (const json& parent : parents_of(record)) has_children.insert(parent.get<std::string>());
  }
  std::vector<Box> boxes;
  for (const json& record : records) {
    Box box{.name = record_name(record),
            .kind = record.value("kind", ""),
            .tool = record.value("tool", ""),
            .uuids = {uuid_of(record)},
            .parents = {}};
    for (const json& parent : parents_of(record)) box.parents.insert(parent.get<std::string>());
    for (const Box& other : boxes) {
      for (const auto& uuid : other.uuids) {
        if (box.parents.contains(uuid)) box.layer = std::max(box.layer, other.layer + 1);
      }
    }
    const auto alike = std::find_if(boxes.begin(), boxes.end(), [&](const Box& other) {
      return !has_children.contains(uuid_of(record)) && !box.parents.empty() &&
             !has_children.contains(*other.uuids.begin()) && other.kind == box.kind &&
             other.tool == box.tool && other.parents == box.parents;
    });
    if (alike == boxes.end()) {
      boxes.push_back(box);
    } else {
      alike->uuids.insert(uuid_of(record));
      alike->name = text(alike->uuids.size(), " files");
    }
  }
  return boxes;
}

Graph graph_of(std::vector<Box> boxes) {
  Graph graph{std::move(boxes), {}};
  const size_t records = graph.boxes.size();
  for (size_t child = 0; child < records; ++child) {
    for (size_t parent = 0; parent < records; ++parent) {
      const Box &above = graph.boxes[parent], &below = graph.boxes[child];
      const bool tied = std::any_of(above.uuids.begin(), above.uuids.end(),
                                    [&](const auto& uuid) { return below.parents.contains(uuid); });
      if (!tied) continue;
      const int first = above.layer + 1, last = below.layer;
      size_t from = parent;
      for (int layer = first; layer < last; ++layer) {
        graph.edges.emplace_back(from, graph.boxes.size());
        from = graph.boxes.size();
        graph.boxes.push_back({.uuids = {}, .parents = {}, .layer = layer, .bend = true});
      }
      graph.edges.emplace_back(from, child);
    }
  }
  return graph;
}

/// Each layer a row in the order of its parents, in the middle of the picture. Returns its width.
double place(Graph& graph) {
  std::map<int, std::vector<size_t>> rows;
  for (size_t i = 0; i < graph.boxes.size(); ++i) rows[graph.boxes[i].layer].push_back(i);
  const auto width_of = [&](const std::vector<size_t>& row) {
    double width = -gap_x;
    for (const size_t i : row) width += graph.boxes[i].width() + gap_x;
    return width;
  };
  double widest = 0;
  for (const auto& [layer, row] : rows) widest = std::max(widest, width_of(row));

  for (auto& [layer, row] : rows) {
    std::map<size_t, std::pair<double, int>> above;  // sum and count of the parents' middles
    for (const auto& [parent, child] : graph.edges) {
      above[child].first += graph.boxes[parent].x + graph.boxes[parent].width() / 2;
      above[child].second += 1;
    }
    const auto wish = [&](size_t i) {
      return above[i].second ? above[i].first / above[i].second : 0;
    };
    std::stable_sort(row.begin(), row.end(), [&](size_t a, size_t b) { return wish(a) < wish(b); });
    double x = (widest - width_of(row)) / 2;
    for (const size_t i : row) {
      graph.boxes[i].x = x;
      x += graph.boxes[i].width() + gap_x;
    }
  }
  return widest;
}

std::string shortened(const std::string& name, size_t most) {
  return name.size() <= most ? name : name.substr(0, most - 3) + "...";
}

std::string draw_edge(const Box& parent, const Box& child) {
  const double x1 = parent.x + parent.width() / 2, y1 = parent.top() + box_height;
  const double x2 = child.x + child.width() / 2, y2 = child.top(), bend = gap_y * 0.6;
  return text("<path d=\"M", pixel(x1), " ", pixel(parent.bend ? parent.top() : y1), "V", pixel(y1),
              "C", pixel(x1), " ", pixel(y1 + bend), " ", pixel(x2), " ", pixel(y2 - bend), " ",
              pixel(x2), " ", pixel(y2),
              "\" fill=\"none\" stroke=\"currentColor\" opacity=\"0.45\"/>\n");
}

std::string draw_box(const Box& box) {
  const auto line = [&](double y, const char* style, const std::string& words) {
    return text("<text x=\"", pixel(box.x + box_width / 2), "\" y=\"", pixel(box.top() + y),
                "\" text-anchor=\"middle\" ", style, ">", escape(shortened(words, 26)),
                "</text>\n");
  };
  return text("<rect class=\"box\" x=\"", pixel(box.x), "\" y=\"", pixel(box.top()), "\" width=\"",
              box_width, "\" height=\"", box_height,
              "\" rx=\"6\" fill=\"#f2f4f6\" stroke=\"#d8dee4\"/>\n") +
         line(17, "font-weight=\"bold\"", box.name) + line(32, "", box.kind) +
         line(46, "font-size=\"11\" opacity=\"0.7\"", box.tool);
}

}  // namespace

json merge_lineage(const std::vector<Label>& labels) {
  json records = json::array();
  std::set<std::string> seen;
  for (const Label& label : labels) {
    for (const json& record : label.provenance) {
      if (record.is_object() && seen.insert(uuid_of(record)).second) records.push_back(record);
    }
    if (seen.insert(label.uuid).second) {
      records.push_back({{"uuid", label.uuid}, {"kind", label.kind}, {"content", label.content}});
    }
  }
  return records;
}

std::string record_name(const json& record) {
  const std::string path = record.value("path", "");
  return path.empty() ? record.value("kind", "unknown")
                      : std::filesystem::path(path).filename().string();
}

std::string record_note(const json& record, bool timed) {
  if (!record.contains("tool")) return "(no provenance)";
  std::string note = record.value("tool", "") + " " + record.value("version", "");
  if (record.contains("seed")) note += ", seed " + record["seed"].dump();
  if (record.contains("device")) note += ", " + record.value("device", "");
  if (timed && record.contains("started") && record.contains("finished")) {
    note += ", " + duration(record.value("finished", 0.0) - record.value("started", 0.0));
  }
  return note;
}

std::string lineage_text(const json& records) {
  std::string out;
  std::set<std::string> shown;
  if (!records.empty()) grow_tree(index_of(records), records.back(), "", "", shown, out);
  return out;
}

std::string lineage_svg(const json& records) {
  Graph graph = graph_of(boxes_of(records));
  const double width = place(graph);
  double height = 0;
  std::string body;
  for (const auto& [parent, child] : graph.edges) {
    body += draw_edge(graph.boxes[parent], graph.boxes[child]);
  }
  for (const Box& box : graph.boxes) {
    if (!box.bend) body += draw_box(box);
    height = std::max(height, box.top() + box_height);
  }
  return text("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"-1 -1 ",
              pixel(width + 2), " ", pixel(height + 2), "\" width=\"", pixel(width + 2),
              "\" height=\"", pixel(height + 2),
              "\" font-family=\"system-ui, sans-serif\" font-size=\"12\" "
              "fill=\"currentColor\">\n<title>lineage</title>\n",
              body, "</svg>\n");
}

}  // namespace couplet

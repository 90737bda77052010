#include <actimanager/api/storage.hpp>

#include "resources_json.hpp"

namespace actimanager::api {
namespace {

constexpr std::string_view class_annotation = "volume.beta.kubernetes.io/storage-class";

// The annotation is older than the field, and goes first.
std::string decode_class(const ObjectMeta& meta, JsonCursor field) {
  const auto* annotated = meta.annotation(class_annotation);
  return annotated != nullptr ? *annotated : field.string();
}

std::vector<std::string> decode_strings(JsonCursor list) {
  std::vector<std::string> strings;
  list.each([&](JsonCursor item) { strings.push_back(item.string()); });
  return strings;
}

std::optional<Quantity> decode_storage(JsonCursor holder) {
  const auto list = decode_resource_list(holder);
  const auto it = list.find("storage");
  return it == list.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace

Result<PersistentVolumeClaim> PersistentVolumeClaim::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  const auto spec = root["spec"];
  PersistentVolumeClaim claim;
  claim.meta = decode_meta(root["metadata"]);
  claim.storage_class = decode_class(claim.meta, spec["storageClassName"]);
  claim.access_modes = decode_strings(spec["accessModes"]);
  claim.volume_name = spec["volumeName"].string();
  claim.volume_mode = spec["volumeMode"].string("Filesystem");
  claim.volume_attributes_class = spec["volumeAttributesClassName"].string();
  claim.requested = decode_storage(spec["resources"]["requests"]);
  claim.selector = decode_label_selector(spec["selector"]);
  claim.phase = root["status"]["phase"].string();
  return reader.finish(std::move(claim));
}

bool PersistentVolume::is_of(const PersistentVolumeClaim& wanted) const {
  return claim && claim->name == wanted.meta.name && claim->namespace_ == wanted.meta.namespace_ &&
         (claim->uid.empty() || claim->uid == wanted.meta.uid);
}

Result<PersistentVolume> PersistentVolume::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  const auto spec = root["spec"];
  PersistentVolume volume;
  volume.meta = decode_meta(root["metadata"]);
  volume.storage_class = decode_class(volume.meta, spec["storageClassName"]);
  volume.access_modes = decode_strings(spec["accessModes"]);
  volume.capacity = decode_storage(spec["capacity"]).value_or(Quantity());
  volume.volume_mode = spec["volumeMode"].string("Filesystem");
  volume.volume_attributes_class = spec["volumeAttributesClassName"].string();
  if (const auto claim = spec["claimRef"]) {
    volume.claim = {claim["namespace"].string(), claim["name"].string(), claim["uid"].string()};
  }
  if (const auto required = spec["nodeAffinity"]["required"]) {
    volume.node_affinity.emplace();
    required["nodeSelectorTerms"].each(
        [&](JsonCursor term) { volume.node_affinity->push_back(decode_node_selector_term(term)); });
  }
  volume.phase = root["status"]["phase"].string();
  spec.each_member([&](std::string_view key, JsonCursor source) {
    if (auto disk = decode_disk_source(key, source); !disk.kind.empty()) volume.disk = std::move(disk);
  });
  return reader.finish(std::move(volume));
}

Result<StorageClass> StorageClass::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  StorageClass result;
  result.meta = decode_meta(root["metadata"]);
  result.provisioner = root["provisioner"].string();
  result.waits_for_consumer = root["volumeBindingMode"].string() == "WaitForFirstConsumer";
  root["allowedTopologies"].each([&](JsonCursor item) {
    TopologyTerm term;
    item["matchLabelExpressions"].each([&](JsonCursor expression) {
      term.match_label_expressions.push_back(
          {expression["key"].string(), "In", decode_strings(expression["values"])});
    });
    result.allowed_topologies.push_back(std::move(term));
  });
  return reader.finish(std::move(result));
}

bool CSINode::migrated(std::string_view plugin) const {
  const auto* plugins = meta.annotation("storage.alpha.kubernetes.io/migrated-plugins");
  if (plugins == nullptr) return false;
  for (std::string_view rest = *plugins;;) {
    const auto comma = rest.find(',');
    if (rest.substr(0, comma) == plugin) return true;
    if (comma == std::string_view::npos) return false;
    rest.remove_prefix(comma + 1);
  }
}

Result<CSINode> CSINode::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  CSINode node;
  node.meta = decode_meta(root["metadata"]);
  root["spec"]["drivers"].each([&](JsonCursor item) {
    Driver driver{.name = item["name"].string(), .limit = std::nullopt};
    if (const auto count = item["allocatable"]["count"]) driver.limit = count.integer();
    node.drivers.push_back(std::move(driver));
  });
  return reader.finish(std::move(node));
}

Result<CSIDriver> CSIDriver::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  CSIDriver driver{decode_meta(root["metadata"]), root["spec"]["storageCapacity"].boolean()};
  return reader.finish(std::move(driver));
}

Result<CSIStorageCapacity> CSIStorageCapacity::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  CSIStorageCapacity capacity;
  capacity.meta = decode_meta(root["metadata"]);
  capacity.storage_class = root["storageClassName"].string();
  capacity.nodes = decode_label_selector(root["nodeTopology"]);
  // What one volume may have is more exact than what is left altogether.
  for (const auto* field : {"capacity", "maximumVolumeSize"}) {
    if (const auto given = root[field]) capacity.limit = decode_quantity(given);
  }
  return reader.finish(std::move(capacity));
}

Result<VolumeAttachment> VolumeAttachment::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  const auto spec = root["spec"];
  VolumeAttachment attachment{decode_meta(root["metadata"]), spec["attacher"].string(),
                              spec["nodeName"].string(), spec["source"]["persistentVolumeName"].string()};
  return reader.finish(std::move(attachment));
}

}  // namespace actimanager::api

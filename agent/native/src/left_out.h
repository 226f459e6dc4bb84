// Which records JavaScript does not want: those of a kind about a cgroup of which it said so. Not safe for threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_set>

namespace aitia {

class LeftOut {
 public:
  static constexpr uint16_t kKinds = 64;         // kinds of records that it can tell apart
  static constexpr size_t kMostCgroups = 65536;  // of a kind; then it begins anew, and is told again

  bool Has(uint16_t kind, uint64_t cgroup_id) const {
    if (kind >= kKinds) return false;
    Slot& slot = recent_[(cgroup_id ^ kind * 7u) % kRecent];
    if (slot.cgroup_id != cgroup_id || slot.kind != kind) slot = {cgroup_id, kind, cgroups_[kind].count(cgroup_id) != 0};
    return slot.has;
  }
  void Add(uint16_t kind, uint64_t cgroup_id);
  // Of all kinds.
  void Remove(uint64_t cgroup_id);

 private:
  // A busy host's records are of few cgroups: the last answers cost less than a set's.
  static constexpr size_t kRecent = 256;
  struct Slot {
    uint64_t cgroup_id = 0;
    uint16_t kind = kKinds;  // none
    bool has = false;
  };

  std::array<std::unordered_set<uint64_t>, kKinds> cgroups_;
  mutable std::array<Slot, kRecent> recent_;
};

}  // namespace aitia

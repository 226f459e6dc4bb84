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

  bool Has(uint16_t kind, uint64_t cgroup_id) const { return kind < kKinds && cgroups_[kind].count(cgroup_id) != 0; }
  void Add(uint16_t kind, uint64_t cgroup_id);
  // Of all kinds.
  void Remove(uint64_t cgroup_id);

 private:
  std::array<std::unordered_set<uint64_t>, kKinds> cgroups_;
};

}  // namespace aitia

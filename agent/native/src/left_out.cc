#include "left_out.h"

namespace aitia {

void LeftOut::Add(uint16_t kind, uint64_t cgroup_id) {
  if (kind >= kKinds) return;
  if (cgroups_[kind].size() >= kMostCgroups) cgroups_[kind].clear();
  cgroups_[kind].insert(cgroup_id);
}

void LeftOut::Remove(uint64_t cgroup_id) {
  for (auto& cgroups : cgroups_) cgroups.erase(cgroup_id);
}

}  // namespace aitia

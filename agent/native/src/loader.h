// Loads the programs of BPF objects one by one, so that a kernel that refuses one of them runs the rest, and pins what
// must outlive this process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fd.h"

namespace aitia {

struct LoadOptions {
  std::vector<std::string> objects;  // paths
  std::string pin_dir;               // a folder in bpffs that is there; empty: nothing is pinned
  std::string kept_pin_dir;          // the one for maps that outlive a change of the objects
  std::vector<std::string> kept_maps;  // per-CPU counters whose numbers must never come twice in a boot
  uint32_t ring_bytes = 0;
};

struct ProgramStatus {
  std::string name;
  std::string section;
  std::string object;
  const char* state;   // attached | continued (it was, since an earlier run) | callable | refused
  std::string reason;  // of a refusal
};

struct Loaded {
  std::vector<ProgramStatus> programs;
  std::map<std::string, Fd> maps;
  std::map<std::string, Fd> callables;
  std::vector<Fd> links;
  Fd lock;
};

// Throws std::runtime_error where nothing can be loaded at all: an object that is no object, maps that the kernel refuses.
Loaded Load(const LoadOptions& options);

}  // namespace aitia

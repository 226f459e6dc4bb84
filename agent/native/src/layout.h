// What a BPF object says of the records that its programs write.
#pragma once

#include <map>
#include <string>

namespace aitia {

// From its BTF: `aitia_x` -> bytes of the struct, `aitia_x.member` -> C type and offset, enumerators of `aitia_kind` -> number.
// Throws std::runtime_error where it has no BTF.
std::map<std::string, std::string> ReadLayout(const std::string& path);

}  // namespace aitia

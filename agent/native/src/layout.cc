#include "layout.h"

#include <bpf/btf.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace aitia {
namespace {

struct FreeTypes {
  void operator()(btf* types) const { btf__free(types); }
};

std::string TypeName(const btf* types, uint32_t id) {
  const btf_type* type = btf__type_by_id(types, id);
  if (!btf_is_array(type)) return btf__name_by_offset(types, type->name_off);
  const struct btf_array* array = btf_array(type);
  return TypeName(types, array->type) + "[" + std::to_string(array->nelems) + "]";
}

}  // namespace

std::map<std::string, std::string> ReadLayout(const std::string& path) {
  const std::unique_ptr<btf, FreeTypes> types(btf__parse(path.c_str(), nullptr));
  if (!types) throw std::runtime_error("cannot open the BPF object " + path + ": no BTF: " + strerror(errno));
  std::map<std::string, std::string> layout;
  for (uint32_t id = 1; id < btf__type_cnt(types.get()); id++) {
    const btf_type* type = btf__type_by_id(types.get(), id);
    const std::string name = btf__name_by_offset(types.get(), type->name_off);
    if (btf_is_enum(type) && name == "aitia_kind") {
      const struct btf_enum* value = btf_enum(type);
      for (int i = 0; i < btf_vlen(type); i++, value++)
        layout[btf__name_by_offset(types.get(), value->name_off)] = std::to_string(value->val);
    } else if (btf_is_struct(type) && name.rfind("aitia_", 0) == 0) {
      layout[name] = std::to_string(type->size) + " bytes";
      const btf_member* member = btf_members(type);
      for (int i = 0; i < btf_vlen(type); i++, member++)
        layout[name + "." + btf__name_by_offset(types.get(), member->name_off)] =
            TypeName(types.get(), member->type) + " at " + std::to_string(btf_member_bit_offset(type, i) / 8);
    }
  }
  return layout;
}

}  // namespace aitia

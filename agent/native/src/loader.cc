#include "loader.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "ring.h"

namespace aitia {
namespace {

// What libbpf said last: the only place where it tells why it refuses a program.
thread_local std::string warnings;

int CollectWarnings(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char line[1024];
  vsnprintf(line, sizeof(line), format, arguments);
  warnings += line;
  return 0;
}

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

std::string ErrorName(int error) {
  const char* name = strerrorname_np(error);  // null for the kernel's own, like 524 (ENOTSUPP)
  return (name ? std::string(name) : std::to_string(error)) + " (" + strerror(error) + ")";
}

Object Open(const std::string& path) {
  warnings.clear();
  Object object(bpf_object__open_file(path.c_str(), nullptr));
  if (!object) throw std::runtime_error("cannot open the BPF object " + path + ": " + ErrorName(errno) + " " + warnings);
  return object;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// .rodata and the like belong to one object; what has a name of its own is shared by all of them.
bool IsShared(const bpf_map* map) { return strchr(bpf_map__name(map), '.') == nullptr; }

std::string PinPath(const LoadOptions& options, const std::string& folder, const std::string& name) {
  return options.pin_dir + "/" + folder + "/" + name;
}

std::string MapPinPath(const LoadOptions& options, const std::string& name) {
  return Contains(options.kept_maps, name) ? options.kept_pin_dir + "/" + name : PinPath(options, "maps", name);
}

// Sets `const volatile __u64 page_size` where the object has it.
void SetPageSize(bpf_object* object) {
  const btf* types = bpf_object__btf(object);
  const int section = types ? btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC) : -1;
  if (section < 0) return;
  const btf_type* type = btf__type_by_id(types, section);
  const btf_var_secinfo* variable = btf_var_secinfos(type);
  for (int i = 0; i < btf_vlen(type); i++, variable++) {
    const char* name = btf__name_by_offset(types, btf__type_by_id(types, variable->type)->name_off);
    if (strcmp(name, "page_size") != 0 || variable->size != sizeof(uint64_t)) continue;
    bpf_map* map;
    bpf_object__for_each_map(map, object) {
      const char* dot = strrchr(bpf_map__name(map), '.');
      size_t size = 0;
      if (!dot || strcmp(dot, ".rodata") != 0) continue;
      const void* initial = bpf_map__initial_value(map, &size);
      if (!initial || variable->offset + sizeof(uint64_t) > size) continue;
      std::string value(static_cast<const char*>(initial), size);
      const uint64_t page_size = sysconf(_SC_PAGESIZE);
      memcpy(value.data() + variable->offset, &page_size, sizeof(page_size));
      bpf_map__set_initial_value(map, value.data(), size);
    }
  }
}

Object Prepare(const std::string& path, const LoadOptions& options, const Loaded& loaded) {
  Object object = Open(path);
  SetPageSize(object.get());
  bpf_program* program;
  bpf_object__for_each_program(program, object.get()) bpf_program__set_autoload(program, false);
  bpf_map* map;
  bpf_object__for_each_map(map, object.get()) {
    if (!IsShared(map)) continue;
    const auto known = loaded.maps.find(bpf_map__name(map));
    if (known != loaded.maps.end()) {
      if (bpf_map__reuse_fd(map, known->second.get()) != 0)
        throw std::runtime_error(path + ": cannot use the map " + known->first + " again: " + ErrorName(errno));
    } else if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF && options.ring_bytes != 0) {
      bpf_map__set_max_entries(map, options.ring_bytes);
    }
  }
  return object;
}

// A kept map may come from another version of the objects: it must have the form that this one expects.
bool HasForm(int fd, const bpf_map* map) {
  bpf_map_info info = {};
  uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == static_cast<uint32_t>(bpf_map__type(map)) &&
         info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map);
}

void OpenPinnedMaps(const std::string& path, const LoadOptions& options, Loaded& loaded) {
  Object object = Open(path);
  bpf_map* map;
  bpf_object__for_each_map(map, object.get()) {
    const std::string name = bpf_map__name(map);
    if (!IsShared(map) || loaded.maps.count(name)) continue;
    Fd fd(bpf_obj_get(MapPinPath(options, name).c_str()));
    if (!fd) continue;
    if (!HasForm(fd.get(), map))
      throw std::runtime_error("the pinned map " + MapPinPath(options, name) +
                               " has another form than this version expects: run `aitia doctor --unpin`");
    loaded.maps.emplace(name, std::move(fd));
  }
}

// A counter of record numbers begins at the boot clock (µs): a map that is made anew in the same boot, after the pins were
// removed or because there are none, can then give no number a second time.
void StartAtBootClock(int fd) {
  const std::vector<uint64_t> values(libbpf_num_possible_cpus(), BootClock() / 1000);
  const uint32_t key = 0;
  if (bpf_map_update_elem(fd, &key, values.data(), BPF_ANY) != 0)
    throw std::runtime_error("cannot write a map's first value: " + ErrorName(errno));
}

void CreateMaps(const std::string& path, const LoadOptions& options, Loaded& loaded) {
  if (!options.pin_dir.empty()) OpenPinnedMaps(path, options, loaded);
  Object object = Prepare(path, options, loaded);
  warnings.clear();
  if (bpf_object__load(object.get()) != 0)
    throw std::runtime_error("the kernel refuses the maps of " + path + ": " + ErrorName(errno) +
                             " (needs root, or CAP_BPF and CAP_PERFMON) " + warnings);
  bpf_map* map;
  bpf_object__for_each_map(map, object.get()) {
    const std::string name = bpf_map__name(map);
    if (!IsShared(map) || loaded.maps.count(name)) continue;
    if (Contains(options.kept_maps, name)) StartAtBootClock(bpf_map__fd(map));
    if (!options.pin_dir.empty() && bpf_map__pin(map, MapPinPath(options, name).c_str()) != 0)
      throw std::runtime_error("cannot pin the map " + MapPinPath(options, name) + ": " + ErrorName(errno));
    loaded.maps.emplace(name, Fd(fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0)));
  }
}

// The last line of the verifier that says something, before its statistics.
std::string VerifierSays(const char* log) {
  std::string said;
  for (const char* line = log; *line;) {
    const char* end = strchrnul(line, '\n');
    const std::string text(line, end - line);
    if (!text.empty() && text.rfind("processed ", 0) != 0) said = text;
    line = *end ? end + 1 : end;
  }
  return said;
}

std::string Reason(int error, const char* log) {
  std::string reason = ErrorName(error);
  const std::string said = VerifierSays(log);
  if (!said.empty()) return reason + ", verifier: " + said;
  const size_t end = warnings.find('\n');
  return end == std::string::npos ? reason + ", no word of the verifier" : reason + ", " + warnings.substr(0, end);
}

void LoadProgram(const std::string& path, const std::string& name, const LoadOptions& options, Loaded& loaded,
                 ProgramStatus& status) {
  const bool callable = status.section == "raw_tp";
  const std::string pin = options.pin_dir.empty() ? "" : PinPath(options, callable ? "programs" : "links", name);
  if (!pin.empty()) {
    Fd pinned(bpf_obj_get(pin.c_str()));
    if (pinned) {
      status.state = callable ? "callable" : "continued";
      if (callable)
        loaded.callables.emplace(name, std::move(pinned));
      else
        loaded.links.push_back(std::move(pinned));
      return;
    }
  }
  std::vector<char> log(64 * 1024);
  status.state = "refused";
  Object object = Prepare(path, options, loaded);
  bpf_program* program = bpf_object__find_program_by_name(object.get(), name.c_str());
  bpf_program__set_autoload(program, true);
  bpf_program__set_log_buf(program, log.data(), log.size());
  warnings.clear();
  if (bpf_object__load(object.get()) != 0) {
    status.reason = Reason(errno, log.data());
    return;
  }
  if (callable) {
    if (!pin.empty() && bpf_program__pin(program, pin.c_str()) != 0) {
      status.reason = "cannot pin it: " + ErrorName(errno);
      return;
    }
    status.state = "callable";
    loaded.callables.emplace(name, Fd(fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0)));
    return;
  }
  bpf_link* link = bpf_program__attach(program);
  if (!link) {
    status.reason = Reason(errno, "");
    return;
  }
  if (!pin.empty() && bpf_link__pin(link, pin.c_str()) != 0) {
    status.reason = "cannot pin its link: " + ErrorName(errno);
  } else {
    status.state = "attached";
    loaded.links.push_back(Fd(fcntl(bpf_link__fd(link), F_DUPFD_CLOEXEC, 0)));
  }
  bpf_link__destroy(link);  // closes its descriptor; ours and the pin hold the link
}

// Fills the map `attached`, by which a program knows what the others can have told it.
void TellAttached(const Loaded& loaded) {
  const auto map = loaded.maps.find("attached");
  if (map == loaded.maps.end()) return;
  bpf_map_info info = {};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map->second.get(), &info, &size) != 0)
    throw std::runtime_error("cannot ask the map of programs at work: " + ErrorName(errno));
  for (const ProgramStatus& status : loaded.programs) {
    // As the programs have their names: cut, and filled up with zeros.
    std::string key = status.name.substr(0, info.key_size - 1);
    key.resize(info.key_size);
    const uint8_t yes = 1;
    if (strcmp(status.state, "refused") == 0)
      bpf_map_delete_elem(map->second.get(), key.data());
    else if (bpf_map_update_elem(map->second.get(), key.data(), &yes, BPF_ANY) != 0)
      throw std::runtime_error("cannot write which programs are at work: " + ErrorName(errno));
  }
}

Fd Lock(const std::string& folder) {
  Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw std::runtime_error("cannot open " + folder + ": " + ErrorName(errno));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error("another agent reads the ring pinned in " + folder +
                             ": give this one another instance name, or stop that one");
  return fd;
}

// The kernel gives up checking a program (EAGAIN) when a signal comes in: a profiler's come more often than a check takes.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

Loaded Load(const LoadOptions& options) {
  libbpf_set_print(CollectWarnings);
  const NoSignals until_loaded;
  Loaded loaded;
  if (!options.pin_dir.empty()) {
    loaded.lock = Lock(options.kept_pin_dir);
    for (const char* folder : {"", "/maps", "/links", "/programs"}) {
      const std::string path = options.pin_dir + folder;
      if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        throw std::runtime_error("cannot make " + path + ": " + ErrorName(errno));
    }
  }
  for (const std::string& path : options.objects) CreateMaps(path, options, loaded);
  for (const std::string& path : options.objects) {
    Object object = Open(path);
    bpf_program* program;
    bpf_object__for_each_program(program, object.get()) {
      ProgramStatus status{bpf_program__name(program), bpf_program__section_name(program), path, "refused", ""};
      LoadProgram(path, status.name, options, loaded, status);
      loaded.programs.push_back(std::move(status));
    }
  }
  TellAttached(loaded);
  return loaded;
}

}  // namespace aitia

{
  'targets': [
    {
      'target_name': 'aitia_native',
      'sources': ['src/addon.cc', 'src/kernel_session.cc', 'src/layout.cc', 'src/left_out.cc', 'src/loader.cc', 'src/maps.cc', 'src/ring.cc'],
      # by path: as a gyp dependency it would write build files beside our folder
      'includes': ['../../node_modules/node-addon-api/except.gypi'],
      'include_dirs': ['../../node_modules/node-addon-api', '../../bpf/include'],
      'defines': ['NAPI_VERSION=9'],
      'cflags_cc': ['-std=c++20', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Wno-missing-field-initializers', '-O2'],
      'libraries': ['-lbpf'],
    },
  ],
}

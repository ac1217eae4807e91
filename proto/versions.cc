#include "proto/versions.h"

#include <flatbuffers/base.h>
#include <sodium.h>
#include <zlib.h>
#include <zstd.h>

#include <boost/version.hpp>

#ifdef DOORWARD_MIMALLOC
#include <mimalloc.h>
#endif

namespace doorward {
namespace {

std::string dotted(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::string allocator() {
#ifdef DOORWARD_MIMALLOC
  const int version = mi_version();
  return "mimalloc " + dotted(version / 100, version / 10 % 10, version % 10);
#else
  return "mimalloc off (sanitizer build)";
#endif
}

}  // namespace

std::string versions(const std::string& program) {
  return program + " " DOORWARD_VERSION "\nBoost " +
         dotted(BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100) +
         ", FlatBuffers " +
         dotted(FLATBUFFERS_VERSION_MAJOR, FLATBUFFERS_VERSION_MINOR,
                FLATBUFFERS_VERSION_REVISION) +
         ", " + allocator() + ", libsodium " + sodium_version_string() + ", zlib " + zlibVersion() +
         ", zstd " + ZSTD_versionString();
}

}  // namespace doorward

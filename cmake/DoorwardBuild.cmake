# Compiler settings and libraries that every room shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
include(GNUInstallDirs)

find_program(DOORWARD_CCACHE ccache)
if(DOORWARD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${DOORWARD_CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(MAXMINDDB REQUIRED IMPORTED_TARGET libmaxminddb)
find_path(FLATBUFFERS_INCLUDE_DIR flatbuffers/flatbuffers.h REQUIRED)
find_program(FLATC flatc REQUIRED)
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)

# Warnings are errors in our own code; what comes from packages is a system header.
add_library(doorward_flags INTERFACE)
target_include_directories(doorward_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(doorward_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping copies in std::string's operator+ that are not there (GCC bug 105651).
  target_compile_options(doorward_flags INTERFACE -Wno-restrict)
endif()
if(DOORWARD_SANITIZE)
  target_compile_options(doorward_flags INTERFACE
    -fsanitize=${DOORWARD_SANITIZE} -fno-sanitize-recover=all -g)
  target_link_options(doorward_flags INTERFACE -fsanitize=${DOORWARD_SANITIZE})
endif()
if(DOORWARD_BUILD_FUZZ)
  target_compile_options(doorward_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The allocator of both programs. Linked first and kept even though nothing names it: it overrides malloc.
add_library(doorward_allocator INTERFACE)
if(DOORWARD_MIMALLOC)
  find_package(mimalloc REQUIRED)
  target_link_libraries(doorward_allocator INTERFACE -Wl,--no-as-needed mimalloc -Wl,--as-needed)
  target_compile_definitions(doorward_allocator INTERFACE DOORWARD_MIMALLOC=1)
endif()

# doorward_library(NAME SOURCES... DEPENDS...): a static library of one room.
function(doorward_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;SYSTEM_INCLUDES" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC doorward_flags ${arg_DEPENDS})
  if(arg_SYSTEM_INCLUDES)
    target_include_directories(${name} SYSTEM PUBLIC ${arg_SYSTEM_INCLUDES})
  endif()
endfunction()

# Compiler flags of all targets. Each hardening flag is probed: compilers differ in what they know.
include(CheckCXXCompilerFlag)

add_library(bazaar_flags INTERFACE)

target_compile_options(bazaar_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wformat=2 -Wimplicit-fallthrough
  # 128-bit integers are part of the fixed arithmetic.
  -Wno-pedantic
  # One rounding per operation: a fused multiply-add would make other rows on other machines.
  -ffp-contract=off)

# What these warn of is right in files by themselves, as the other builds have them.
set(together "$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>")
target_compile_options(bazaar_flags INTERFACE $<${together}:-Wno-shadow> $<${together}:-Wno-subobject-linkage>)

if(BAZAARD_WERROR)
  target_compile_options(bazaar_flags INTERFACE -Werror)
endif()

# Of targets with this property the compiler shall make what is quick to make: no optimization, and so no FORTIFY; with the sanitizers, no
# checks of undefined behaviour.
define_property(TARGET PROPERTY BAZAARD_PLAIN INITIALIZE_FROM_VARIABLE BAZAARD_PLAIN)
set(plain "$<BOOL:$<TARGET_PROPERTY:BAZAARD_PLAIN>>")

if(BAZAARD_SANITIZE)
  target_compile_options(bazaar_flags INTERFACE
    -fsanitize=${BAZAARD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(bazaar_flags INTERFACE -fsanitize=${BAZAARD_SANITIZE})
  if(BAZAARD_SANITIZE MATCHES "address.*undefined")
    # What these find ends in a report of the address sanitizer, too; they are a quarter of the time of compiling.
    target_compile_options(bazaar_flags INTERFACE -fno-sanitize=null,object-size,vptr
      $<${plain}:-fno-sanitize=undefined>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With sanitizers these cry wolf, in std::regex, std::string and elsewhere; the other builds have them.
    target_compile_options(bazaar_flags INTERFACE
      -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
  if(BAZAARD_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio has fences, which the sanitizer does not follow; it then misses a happens-before at most.
    target_compile_options(bazaar_flags INTERFACE -Wno-tsan)
  endif()
else()
  set(hardening
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard
    -fstrict-flex-arrays=3 -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks
    -fno-strict-overflow -fno-strict-aliasing -Wtrampolines -Wbidi-chars=any)
  foreach(flag IN LISTS hardening)
    string(MAKE_C_IDENTIFIER "flag${flag}" known)
    check_cxx_compiler_flag(${flag} ${known})
    if(${known})
      target_compile_options(bazaar_flags INTERFACE ${flag})
    endif()
  endforeach()
  target_compile_definitions(bazaar_flags INTERFACE _GLIBCXX_ASSERTIONS)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    # It needs optimization.
    target_compile_options(bazaar_flags INTERFACE
      $<$<NOT:${plain}>:-U_FORTIFY_SOURCE> $<$<NOT:${plain}>:-D_FORTIFY_SOURCE=3>)
  endif()
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  include(CheckPIESupported)
  check_pie_supported()
  target_link_options(bazaar_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen -Wl,--as-needed)
endif()

find_program(ccache_program ccache)
if(ccache_program AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_program})
endif()

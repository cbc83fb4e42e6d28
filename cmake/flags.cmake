# Warnings, hardening and sanitizers, in one place for every target of ours.
add_library(alc_flags INTERFACE)
target_include_directories(alc_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(alc_flags INTERFACE _GNU_SOURCE ALC_VERSION="${PROJECT_VERSION}")
target_compile_options(alc_flags INTERFACE
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
    -Wvla -Wformat=2 -Wundef -fno-strict-overflow -fno-math-errno -ffp-contract=off)
# Results come out through pointers that are written on success only, and the caller asks the status: gcc cannot follow
# that through inlining; nor that a callback which frees its object tells a local flag of the caller.  clang's analyzer (make lint) and the sanitizers look for what this would have found.
target_compile_options(alc_flags INTERFACE -Wno-maybe-uninitialized -Wno-dangling-pointer)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_compile_options(alc_flags INTERFACE -Wno-unknown-warning-option)
endif()
# Zeroing a struct of a hundred bytes is something we do all the time; gcc's `rep stos` for it takes longer to start than
# to run.
include(CheckCCompilerFlag)
check_c_compiler_flag(-mmemset-strategy=vector_loop:512:noalign,libcall:-1:noalign ALC_HAS_MEMSET_STRATEGY)
if(ALC_HAS_MEMSET_STRATEGY)
    target_compile_options(alc_flags INTERFACE -mmemset-strategy=vector_loop:512:noalign,libcall:-1:noalign)
endif()
if(ALC_WERROR)
    target_compile_options(alc_flags INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(alc_flags INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
endif()
# Asserts stay on in every build: they guard the programmer's mistakes, and cost nothing that can be measured.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
if(ALC_SANITIZE)
    target_compile_options(alc_flags INTERFACE -fsanitize=${ALC_SANITIZE} -fno-omit-frame-pointer
                           -fno-sanitize-recover=all)
    target_link_options(alc_flags INTERFACE -fsanitize=${ALC_SANITIZE})
endif()
if(ALC_FUZZ)
    target_compile_options(alc_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

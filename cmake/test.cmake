# Tests carry a label (unit, golden, vectors, conformance, flow, peer, bench, fuzz) and a timeout.

# What a unit test may take, in seconds: sanitizers make the ones that run into limits ten times slower.
set(unit_timeout 60)
if(ALC_SANITIZE)
    set(unit_timeout 600)
endif()

# alc_unit_test(NAME LIBS...): tests/unit/<folder>/NAME.c, a cmocka program.
function(alc_unit_test name)
    add_executable(${name} ${name}.c)
    target_link_libraries(${name} PRIVATE alc_flags ${ARGN} cmocka)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME unit.${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT ${unit_timeout} SKIP_RETURN_CODE 77)
endfunction()

# alc_failing_memory(NAME): lets a unit test make our requests for memory fail; see tests/support/failing_memory.h.
function(alc_failing_memory name)
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/support/failing_memory.c)
    foreach(function malloc calloc realloc reallocarray aligned_alloc strdup strndup)
        target_link_options(${name} PRIVATE -Wl,--wrap=${function})
    endforeach()
endfunction()

# alc_fuzzer(NAME LIBS...): tests/fuzz/NAME.c with LLVMFuzzerTestOneInput.  Without ALC_FUZZ it is linked with
# replay_main.c, which runs the seeds once, so that the seeds are tested by every compiler.
function(alc_fuzzer name)
    add_executable(${name} ${name}.c)
    target_link_libraries(${name} PRIVATE alc_flags ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    if(ALC_FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(${name} PRIVATE replay_main.c)
    endif()
    # The first folder is the fuzzer's to write to.  With one seed a run that fails fails again; by hand, leave it out.
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz/corpus/${name})
    add_test(NAME fuzz.${name} COMMAND ${name} -seed=1 -runs=20000 -max_total_time=20 ${CMAKE_BINARY_DIR}/fuzz/corpus/${name}
             ${CMAKE_CURRENT_SOURCE_DIR}/seeds/${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()

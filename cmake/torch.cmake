# LibTorch as one target, torch::torch, with or without CUDA. Include at top level, after project().
#   CMAKE_PREFIX_PATH  a LibTorch of your own: used when it holds TorchConfig.cmake
#   LIBTORCH_VENV      else the virtual environment that `make setup` fills with PyPI's torch wheel
#   WITH_CUDA          AUTO, ON or OFF: AUTO is ON where `make setup CUDA=1` has filled that environment
# Sets LIBTORCH_CUDA; with CUDA it enables the language CUDA, and looks for NCCL (NCCL_FOUND, NCCL_INCLUDE, NCCL_LIBRARY).
set(LIBTORCH_VENV "$ENV{LIBTORCH_VENV}" CACHE PATH "virtual environment with PyPI's torch")
set(WITH_CUDA AUTO CACHE STRING "AUTO, ON or OFF")
find_package(Threads REQUIRED)

# For sums between GPUs: in the folders given, or the system's.
macro(find_nccl)
  find_path(NCCL_INCLUDE nccl.h HINTS ${ARGN} PATH_SUFFIXES include)
  find_library(NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR HINTS ${ARGN} PATH_SUFFIXES lib)
  if(NCCL_INCLUDE AND NCCL_LIBRARY)
    set(NCCL_FOUND ON)
  endif()
endmacro()

set(CMAKE_CUDA_ARCHITECTURES "80;86;89;90" CACHE STRING "compute capabilities")
if(CMAKE_PREFIX_PATH)
  # Its config reads capabilities from a list of its own, whose default newer compilers refuse.
  if(NOT DEFINED TORCH_CUDA_ARCH_LIST AND NOT DEFINED ENV{TORCH_CUDA_ARCH_LIST})
    string(REGEX REPLACE "([0-9])( |;|$)" ".\\1\\2" TORCH_CUDA_ARCH_LIST "${CMAKE_CUDA_ARCHITECTURES}")
  endif()
  find_package(Torch QUIET)
endif()
if(Torch_FOUND)
  set(LIBTORCH_CUDA OFF)
  set(libraries torch_cpu c10)
  if(NOT WITH_CUDA STREQUAL "OFF" AND TARGET torch_cuda)
    set(LIBTORCH_CUDA ON)
    set(libraries ${TORCH_LIBRARIES})
    enable_language(CUDA)
    find_nccl()
  endif()
  add_library(torch::torch INTERFACE IMPORTED GLOBAL)
  target_link_libraries(torch::torch INTERFACE ${libraries} Threads::Threads)
  target_include_directories(torch::torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  message(STATUS "LibTorch: ${TORCH_INSTALL_PREFIX} (your own), CUDA ${LIBTORCH_CUDA}")
  return()
endif()

# find_package(Torch) is not used for the wheel: its config demands a whole CUDA toolkit.
file(GLOB torch_cpu "${LIBTORCH_VENV}/lib/python3*/site-packages/torch/lib/libtorch_cpu.so")
if(NOT torch_cpu)
  message(FATAL_ERROR "No LibTorch in LIBTORCH_VENV='${LIBTORCH_VENV}': run `make setup`, or name the folder of yours by CMAKE_PREFIX_PATH.")
endif()
cmake_path(GET torch_cpu PARENT_PATH torch_lib)
cmake_path(SET torch_root NORMALIZE "${torch_lib}/..")
cmake_path(SET cuda_root NORMALIZE "${torch_lib}/../../nvidia/cu13")

if(EXISTS "${cuda_root}/bin/nvcc" AND EXISTS "${cuda_root}/lib/libcublas.so.13")
  set(LIBTORCH_CUDA ON)
else()
  set(LIBTORCH_CUDA OFF)
endif()
if(WITH_CUDA STREQUAL "ON" AND NOT LIBTORCH_CUDA)
  message(FATAL_ERROR "WITH_CUDA=ON, but ${LIBTORCH_VENV} has no CUDA: run `make setup CUDA=1`.")
elseif(WITH_CUDA STREQUAL "OFF")
  set(LIBTORCH_CUDA OFF)
endif()

function(import_torch name)
  add_library(torch::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(torch::${name} PROPERTIES IMPORTED_LOCATION "${torch_lib}/lib${name}.so")
endfunction()
import_torch(c10)
import_torch(torch_cpu)
add_library(torch::torch INTERFACE IMPORTED GLOBAL)
target_include_directories(torch::torch SYSTEM INTERFACE
  "${torch_root}/include" "${torch_root}/include/torch/csrc/api/include")
target_link_libraries(torch::torch INTERFACE torch::torch_cpu torch::c10 Threads::Threads)

if(LIBTORCH_CUDA)
  import_torch(c10_cuda)
  import_torch(torch_cuda)
  target_include_directories(torch::torch SYSTEM INTERFACE "${cuda_root}/include")
  # The CUDA kernels register themselves when their library is loaded; nothing names their symbols.
  target_link_libraries(torch::torch INTERFACE
    "-Wl,--push-state,--no-as-needed" torch::torch_cuda torch::c10_cuda "-Wl,--pop-state"
    "${cuda_root}/lib/libcudart.so.13")
  set(CMAKE_CUDA_COMPILER "${cuda_root}/bin/nvcc" CACHE FILEPATH "the wheel's nvcc")
  set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
  enable_language(CUDA)
  find_nccl("${cuda_root}/../nccl")
endif()
message(STATUS "LibTorch: ${torch_root}, CUDA ${LIBTORCH_CUDA}")

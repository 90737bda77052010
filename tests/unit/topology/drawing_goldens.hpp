// Drawings as they should be, looked at by a person. Each begins with a line break, for the reader's sake.
#pragma once

namespace goldens {

extern const char* const dual_socket_smt;
extern const char* const dual_socket_smt_ascii;
extern const char* const four_numa_nodes_ascii;
extern const char* const hybrid_ascii;
extern const char* const with_details_ascii;
extern const char* const without_numa_ascii;
extern const char* const twenty_cores_ascii;
extern const char* const owners_ascii;

}  // namespace goldens

// Durations as Go's time.ParseDuration writes them, which is how Kubernetes' flags and configuration do:
// "15s", "1m30s", "250ms", "1.5h", "0".
#pragma once

#include <chrono>
#include <string_view>

#include <actimanager/core/error.hpp>

namespace actimanager {

// Units ns, us, ms, s, m, h; a bare number other than 0 has none and is refused, as is a negative one.
// Finer than a millisecond is dropped. Errors: invalid_argument, quoting the text; out_of_range beyond a
// year.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace actimanager

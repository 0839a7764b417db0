// Cutwater with a policy for each tenant, host or route.
#pragma once

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/keyed/keyed.hpp"

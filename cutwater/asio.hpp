// Cutwater with coroutines on Boost.Asio.
#pragma once

#include "cutwater/cutwater.hpp"
#include "cutwater/drive/asio/run.hpp"
#include "cutwater/drive/async_work/async_work_queue.hpp"

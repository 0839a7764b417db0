#include "cutwater/core/instant.hpp"

int main() { return cutwater::instant{}.time_since_epoch().count() == 0 ? 0 : 1; }

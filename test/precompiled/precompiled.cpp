// Compiled for the sake of precompiled.hpp.

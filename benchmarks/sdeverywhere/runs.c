/* Many runs of a model of SDEverywhere, one after the other, through its own entry point. */
#include "sde.h"

__attribute__((visibility("default"))) void runs(double *given, double *out, long draws, long steps) {
  for (long draw = 0; draw < draws; draw++) runModel(given + draw * numInputs, out + draw * numOutputs * (steps + 1));
}

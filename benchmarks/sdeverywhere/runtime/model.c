#include "sde.h"

double _time;
static double *rows;
static size_t columns, column, row;

void outputVar(double value) { rows[row++ * columns + column] = value; }

void runModel(double *inputs, double *outputs) {
  rows = outputs;
  column = 0;
  initConstants();
  setInputs(inputs, NULL);
  initLevels();
  _time = _initial_time;
  int last = (int)round((_final_time - _initial_time) / _time_step);
  for (int step = 0;; step++) {
    evalAux();
    if (fmod(_time, _saveper) < 1e-6) {
      if (columns == 0) columns = (size_t)round((_final_time - _initial_time) / _saveper) + 1;
      row = 0;
      storeOutputData();
      column++;
    }
    if (step == last) return;
    evalLevels();
    _time += _time_step;
  }
}

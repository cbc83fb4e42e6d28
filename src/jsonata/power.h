/* power.h - ECMAScript's exponentiation, with the bits that engines give. */
#ifndef JSONATA_POWER_H
#define JSONATA_POWER_H

/* `x` to the power of `y` as Number::exponentiate (ECMA-262) has it: unlike C's pow(), not a number for 1 to the
 * power of an infinity or of what is not a number. */
double jsonata_power(double x, double y);

#endif

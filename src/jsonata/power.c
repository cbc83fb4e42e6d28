/* power.c - x to the power of y, bit by bit as in the reference.
 *
 * ECMA-262 leaves the last bits of powers to the engine.  V8, which runs the reference, computes them by the method
 * of FDLIBM (Sun Microsystems, 1993), whose results are off by up to 0.8 units in the last place; libc's pow() is
 * better, and differs for one compound interest in ten.  An integration that is compared with its JavaScript
 * predecessor sees that.  So this is the same method, step by step:
 *
 *     log2 x  =  n + log2(c) + log2(m / c)       m = x / 2^n in [0.866, 1.732), c = 1 or 1.5, whichever is nearer
 *     log2(m / c)  by the series of artanh in s = (m - c) / (m + c)
 *     y log2 x  =  n' + f,  2^n' 2^f             |f| <= 0.5, 2^f by a rational approximation
 *
 * Sums and products that must keep more than 53 bits are carried as a head of 21 bits and a tail.  The order of
 * operations is the result: nothing here may be regrouped, and the compiler is told not to fuse them
 * (cmake/flags.cmake). */
#include "jsonata/power.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* An unevaluated sum. */
struct pair {
    double head, tail;
};

/* `d` without the lower half of its bits: what products keep exactly. */
static double upper(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    bits &= ~UINT64_C(0xffffffff);
    memcpy(&d, &bits, sizeof bits);
    return d;
}

/* a + b with a head of few bits; |a| is the larger. */
static struct pair split_sum(double a, double b)
{
    const double head = upper(a + b);
    return (struct pair){ head, b - (head - a) };
}

/* 3/2 times the series of artanh, divided by s, behind its first terms: coefficients of s^4, s^6, ... */
static double artanh_rest(double s2)
{
    return s2 * s2 *
           (5.99999999999994648725e-01 + s2 * (4.28571428578550184252e-01 + s2 * (3.33333329818377432918e-01 +
            s2 * (2.72728123808534006489e-01 + s2 * (2.30660745775561754067e-01 + s2 * 2.06975017800338417784e-01)))));
}

/* 3 artanh(s) for s = (m - c) / (m + c). */
static struct pair three_artanh(double m, double c)
{
    const double difference = m - c, v = 1 / (m + c), s = difference * v, s_head = upper(s);
    const double sum_head = upper(upper(m) + c), sum_tail = m - (sum_head - c);
    const double s_tail = v * ((difference - s_head * sum_head) - s_head * sum_tail);
    const double rest = artanh_rest(s * s) + s_tail * (s_head + s);
    const double square = s_head * s_head;
    const double t_head = upper(3 + square + rest), t_tail = rest - ((t_head - 3) - square);
    return split_sum(s_head * t_head, s_tail * t_head + t_tail * s);
}

/* log2 of a positive, finite, normal or subnormal x. */
static struct pair log2_of(double x)
{
    static const double two_thirds_log2e = 9.61796693925975554329e-01;      // 2 / (3 ln 2), and as head and tail
    static const double head_of_it = 9.61796700954437255859e-01, tail_of_it = -7.02846165095275826516e-09;
    static const struct pair log2_c[] = { { 0, 0 }, { 5.84962487220764160156e-01, 1.35003920212974897128e-08 } };
    int n;
    double m = 2 * frexp(x, &n);
    n--;
    const int is_upper = m >= 0x1.3988fp0 && m < 0x1.bb67ap0;       // between the roots of 3/2 and 3: c is 1.5
    if (m >= 0x1.bb67ap0) {
        m /= 2;
        n++;
    }
    const struct pair a = three_artanh(m, is_upper ? 1.5 : 1), c = log2_c[is_upper];
    const double z_head = head_of_it * a.head;
    const double z_tail = tail_of_it * a.head + a.tail * two_thirds_log2e + c.tail;
    const double head = upper(((z_head + z_tail) + c.head) + n);
    return (struct pair){ head, z_tail - (((head - n) - c.head) - z_head) };
}

/* 2 to the power of p.head + p.tail, whose sum is `z` and in the range of exponents. */
static double exp2_of(struct pair p, double z)
{
    static const double ln2 = 6.93147180559945286227e-01;
    static const double ln2_head = 6.93147182464599609375e-01, ln2_tail = -1.90465429995776804525e-09;
    const double whole = fabs(z) >= 0x1.00001p-1 ? round(z) : 0;
    p.head -= whole;
    const double f = upper(p.tail + p.head);
    const double u = f * ln2_head, v = (p.tail - (f - p.head)) * ln2 + f * ln2_tail;
    const double g = u + v, g_tail = v - (g - u), t = g * g;
    const double q = g - t * (1.66666666666666019037e-01 + t * (-2.77777777770155933842e-03 +
                     t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 +
                     t * 4.13813679705723846039e-08))));
    // FDLIBM subtracts the correction behind the division; V8 has it in the divisor, and its results count.
    const double r = (g * q) / ((q - 2) - (g_tail + g * g_tail));
    return ldexp(1 - (r - g), (int)whole);
}

/* x > 0 and not 1; |y| below 2^31. */
static double power_of_positive(double x, double y)
{
    static const double half_ulp = 8.0085662595372944372e-17;       // of 1024's logarithm: what still rounds down
    const struct pair log2x = log2_of(x);
    const double y_head = upper(y);
    const struct pair p = { y_head * log2x.head, (y - y_head) * log2x.head + y * log2x.tail };
    const double z = p.tail + p.head;
    if (z > 1024 || (z == 1024 && p.tail + half_ulp > z - p.head))
        return INFINITY;
    if (z < -1075 || (z == -1075 && p.tail <= z - p.head))
        return 0;
    return exp2_of(p, z);
}

/* Cases whose result is exact, or beyond all range: libc does them as ECMA-262 says. */
static int is_special(double x, double y)
{
    return !isfinite(x) || !isfinite(y) || x == 0 || y == 0 || fabs(x) == 1 || fabs(y) >= 0x1p31 ||
           (x < 0 && y != trunc(y));
}

double jsonata_power(double x, double y)
{
    if (fabs(x) == 1 && !isfinite(y))
        return NAN;
    if (is_special(x, y))
        return pow(x, y);
    if (fabs(y) == 1)
        return y > 0 ? x : 1 / x;
    if (y == 2)
        return x * x;
    if (y == 0.5)
        return sqrt(x);
    const double result = power_of_positive(fabs(x), y);
    return x < 0 && fmod(y, 2) != 0 ? -result : result;
}

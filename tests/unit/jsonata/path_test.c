/* path_test.c - paths: steps, filters, flattening, tuples, sorting, grouping. */
#include "cases.h"

#define DATA "{'a':[1,2,[3,4]],'s':'hi','n':null,'e':[],'o':{'x':1,'z':[{'q':1},{'q':[2,3]},{'q':[[4]]}]}," \
             "'items':[{'k':'a','v':1,'t':['x']},{'k':'b','v':'2','t':[]},{'k':'a','v':3,'t':['y','z']}]}"

static const struct fn_case steps_cases[] = {
    { "a", DATA, "[1,2,[3,4]]" },
    { "a.$", DATA, "[1,2,3,4]" },
    { "o.z.q", DATA, "[1,2,3,[4]]" },
    { "b", "{'b':[5]}", "[5]" },
    { "a.b", "{'a':[{'b':[1]},{'b':[2,[3]]}]}", "[1,2,[3]]" },
    { "a.b", "[{'a':{'b':1}},{'a':{'b':2}}]", "[1,2]" },
    { "s.x", DATA, "" },
    { "n", DATA, "null" },
    { "n.x", DATA, "" },
    { "[1,2].[$]", NULL, "[[1],[2]]" },
    { "[[1,2],[3]].$", NULL, "[1,2,3]" },
    { "s[]", DATA, "['hi']" },
    { "items[0].t", DATA, "['x']" },
    { "items.t", DATA, "['x','y','z']" },
    { "zz[]", DATA, "" },
    { "*", "{'2':1,'1':[2,[3]]}", "[2,3,1]" },
    { "**.q", DATA, "[1,2,3,[4]]" },
    { "a.(%.x)", "{'a':{'b':1},'x':2}", "2" },
    { "`a b`.c", "{'a b':{'c':1}}", "1" },
    { "constructor", DATA, "" },
};

static const struct fn_case filters_cases[] = {
    { "a[-1]", DATA, "[3,4]" },
    { "a[2][0]", DATA, "3" },
    { "a[[0,2]]", DATA, "[1,[3,4]]" },
    { "a[1.7]", DATA, "2" },
    { "a[0][]", DATA, "[1]" },
    { "s[0]", DATA, "'hi'" },
    { "s[1]", DATA, "" },
    { "o.z.q[0]", DATA, "[1,2,4]" },
    { "(o.z.q)[0]", DATA, "1" },
    { "items[k='a'].v", DATA, "[1,3]" },
    { "items[k='b'].v", DATA, "'2'" },
    { "items[v='2' or v=3][0].k", DATA, "'b'" },
    { "items.t[0]", DATA, "['x','y']" },
    { "items[v>1]", DATA, "!T2009 0 '2'" },
    /* the earlier step's error, although the later step fails for an earlier item */
    { "x[v>0].(w+1)", "{'x':[{'v':1,'w':'a'},{'v':null,'w':1}]}", "!T2010 0 null" },
};

static const struct fn_case constructors_cases[] = {
    { "{'b':1,'a':nothing,'1':3}", NULL, "{'1':3,'b':1}" },
    { "items.{'k':k}", DATA, "[{'k':'a'},{'k':'b'},{'k':'a'}]" },
    { "items{k:v}", DATA, "{'a':[1,3],'b':'2'}" },
    { "items{k:$count(v)}", DATA, "{'a':2,'b':1}" },
    { "items{'x':v}", DATA, "{'x':[1,'2',3]}" },
    { "items{'x':v,'x':k}", DATA, "!D1009 0 'x'" },
    { "items{v:k}", DATA, "!T1003 0 1" },
    { "nothing{'x':1}", NULL, "{'x':1}" },
    { "nothing.{'x':1}", NULL, "" },
    { "[[1,2],a,(),[nothing]]", DATA, "[[1,2],1,2,[3,4],[]]" },
};

static const struct fn_case sorting_cases[] = {
    { "[3,1,2]^($)", NULL, "[1,2,3]" },
    { "[3,1,2]^(>$)[0]", NULL, "3" },
    { "items^(>k,v).t", "{'items':[{'k':1,'v':2,'t':'p'},{'k':1,'v':1,'t':'q'},{'k':2,'v':9,'t':'r'},{'t':'s'}]}",
      "['r','q','p','s']" },
    { "items^(v)", DATA, "!T2007 0 '2'" },
    { "items^(t)", DATA, "!T2008 0 []" },
    { "items[0]^(t).k", DATA, "'a'" },
};

#define ORDERS "{'O':[{'id':1,'P':[{'p':1},{'p':2}]},{'id':2,'P':[{'p':3}]}]}"

static const struct fn_case tuples_cases[] = {
    { "O.P.(%.id & ':' & p)", ORDERS, "['1:1','1:2','2:3']" },
    { "O.P[%.id=2].p", ORDERS, "3" },
    { "(O.P)[%.id=1].p", ORDERS, "[1,2]" },
    /* @ binds and leaves the context where it was */
    { "O@$o.P", ORDERS, "" },
    { "O@$o.$o.P@$p.{'a':$o.id,'b':$p.p}", ORDERS, "[{'a':1,'b':1},{'a':1,'b':2},{'a':2,'b':3}]" },
    { "O#$i.P#$j.($i & $j)", ORDERS, "['00','01','10']" },
    { "O.P[p>1]#$i.($i & ':' & p)", ORDERS, "['0:2','1:3']" },
    { "O@$o.$o.P^(>p).($o.id & ':' & p)", ORDERS, "['2:3','1:2','1:1']" },
    { "O@$o.$o.P{$string($o.id):$sum(p)}", ORDERS, "{'1':3,'2':3}" },
    { "O@$o.$o.P.($map([p],function($v){$v*$o.id}))", ORDERS, "[1,2,6]" },
    { "O@$a.O@$b[$a.id<$b.id].{'a':$a.id,'b':$b.id}", ORDERS, "{'a':1,'b':2}" },
    { "%", ORDERS, "!S0217 0" },
};

TABLE_TEST(steps)
TABLE_TEST(filters)
TABLE_TEST(constructors)
TABLE_TEST(sorting)
TABLE_TEST(tuples)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),        cmocka_unit_test(filters), cmocka_unit_test(constructors),
        cmocka_unit_test(sorting),      cmocka_unit_test(tuples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

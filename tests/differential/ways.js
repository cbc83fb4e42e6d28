/* ways.js - the grammar as data: for each kind of expression the ways to write it, each with a weight.
 *
 *     «kind»        an expression of that kind; a kind that is not here is a method of grammar.js (`name`, `path` ...)
 *     «(kind)»      the same as an operand: in parentheses or not
 *     «kind 0-4»    that many of them, with commas between; «kind?» none or one
 *     «+ - *»       one of these texts (several, divided by blanks)
 *     «$v $i: kind» an expression of that kind in which these variables mean something
 *
 * When no depth is left, the ways of `kind.leaf` are taken instead.  */
'use strict';

const GRAMMAR = `
any
    6  «path»
    2  «sort»
    2  «number»
    2  «string»
    1  «boolean»
    2  «array»
    2  «object»
    2  «(boolean)» ? «any» : «any»
    1  «(boolean)» ? «any»
    1  «(any)» «?: ??» «(any)»
    2  «block any»
    4  «call»
    1  «(any)» ~> «applied»
    1  «(any)» ~> «function1»
    1  «invocation»
    1  «(container)» ~> «transformer»
    1  «path»«objectLiteral»
    1  «tuples»
    1  «idiom»
    1  «(any)»«predicate»
number
    4  «(number)» «+ - * / %» «(number)»
    4  «path»
    2  -«(number)»
    1  «(boolean)» ? «number» : «number»
    1  «(number)» «?: ??» «(number)»
    1  «block number»
    5  «call number»
    2  «path».(«number»)
    4  «numberLiteral»
string
    4  «(any)» & «(string)»
    3  «path»
    1  «(boolean)» ? «string» : «string»
    1  «(string)» «?: ??» «(string)»
    1  «block string»
    6  «call string»
    1  «groups»[«0 1 2 -1»]
    2  «path».«applied string»
    3  «text»
boolean
    2  «(number)» «= != < <= > >=» «(number)»
    1  «(string)» «= != < <= > >=» «(string)»
    1  «(any)» «= != < <= > >=» «(any)»
    2  «(boolean)» «and or» «(boolean)»
    2  «(any)» in «(array)»
    2  «path»
    3  «call boolean»
    1  «true false»
    1  «unsteady»
array
    4  [«any 0-4»]
    2  [«number 0-5»]
    1  [«array 1-3»]
    2  «range»
    5  «path»
    6  «call array»
    2  «path»^(«term 1-2»)«predicate?»«suffix»
    2  «(array)»«predicate»
    1  «(boolean)» ? «array» : «array»
    1  «path»[]
    1  «block array»
    1  «groups»
    2  «tuples»
object
    5  «objectLiteral»
    3  «path»
    3  «call object»
    2  «path»«objectLiteral»
    1  «(container)» ~> «transformer»

function1
    4  «function λ»($v)«signature»{«$v: any»}
    2  «function λ»($v, $i)«signature»{«$v $i: any»}
    1  «function λ»()«signature»{«any»}
    1  «function λ»($v, $i, $w)«signature»{«$v $i $w: any»}
    4  «builtin»
    2  «partial»
    1  «regex»
    1  («function1» ~> «function1»)
    1  «transformer»
function2
    4  function($i, $j){«$i $j: any»}
    1  λ($i, $j, $v)«signature»{«$i $j $v: any»}
    1  function($i, $j, $v, $w){«$i $j $v $w: any»}
    2  «$append $max $join $power $merge $zip»
    1  function($i, $j){$i «+ * & -» $j}
    1  «function1»
predicate1
    4  function($v){«$v: boolean»}
    1  λ($v, $i){«$v $i: boolean»}
    1  function($v, $i, $w){«$v $i $w: boolean»}
    1  «$boolean $exists $not $count»
    1  «regex»
    1  «function1»
comparator
    5  function($l, $r){$l«suffix» «> < >=» $r«suffix»}
    2  λ($i, $j){«$i $j: boolean»}
    1  «function2»

groups
    4  $match(«optionalText», «optionalGroups»).groups
    1  $match(«string», «regex»).groups
    1  («optionalGroups»)(«optionalText»).groups
optionalGroups
    4  «/(a)?./ /(x)|(b)/ /(b)(c)*/ /(a)?(b)?(c)?/i /((a)|b)+/ /(?<n>x)?b/»
optionalText
    4  «"abc" "xb" "bb" "ABC" "x"»
    1  «string»
matcher
    9  «regex»
    1  «function1»
pattern
    6  «regex»
    1  «optionalGroups»
    5  «text»
    2  «string»
    1  «function1»
replacer
    6  «replacement»
    4  function($m){«$m: string»}
    2  function($m){$uppercase($m.«match groups[0] groups start»)}
    2  function($m){«$string $count $exists $type»($m.«groups groups[0] groups[1]») & "-"}
    1  «string»
numbers
    3  [«number 0-5»]
    3  «path»
    2  «array»
    2  «range»
strings
    3  [«string 0-4»]
    1  «groups»
    3  «path»
    2  «array»
    1  $split(«string», «pattern»)
objects
    3  [«object 0-4»]
    3  «path»
    1  «array»
sortable
    3  [«number 0-5»]
    3  [«string 0-5»]
    3  «path»
    1  «array»
container
    4  «path»
    2  «object»
    2  «array»
    1  «any»
scalar
    3  «text»
    2  «number»
    1  «boolean»
    1  «path»
    2  «numberText»
small
    8  «smallLiteral»
    2  «0.5 1.7 -1.5 20 1e3 -0»
    1  «number»
integerText
    4  «integerTextLiteral»
    2  $formatInteger(«numberLiteral», «integerPicture»)
    1  «text»
formatOptions
    4  {«formatOption 0-2»}
    1  «object»
dateText
    9  «dateTextLiteral»
    2  $fromMillis(«instant», «datePicture»)
    1  «string»

step
   14  «name»
    2  «* **»«decoration»
    1  «% $»«decoration»
    2  $
    2  («any»)
    1  [«any 0-2»]
    2  «objectLiteral»
    2  «applied»
    1  «variable»
predicate
    6  [«index»]
    5  [«boolean»]
    3  [«name» «= > < !=» «numberLiteral»]
    2  [«name» «= > < !=» «text»]
    3  [«name»]
    1  [[«-1 0 1»..«0 1 2 3»]]
    1  [«any»]
    1  [[«index 0-3»]]
    2  []
term
    3  «variableOrName»
    2  «< > >»«variableOrName»
    2  «< >»(«any»)
range
    3  [«-2 -1 0 1 2»..«0 1 2 3 4 5 6»]
    1  [«any», «-1 0 1»..«1 2 3»]
    1  [«small»..«small»]
objectLiteral
    3  {«pair 0-3»}
pair
    6  «nameText»: «any»
    1  «name»: «any»
    1  «string»: «any»
transformer
    3  |«path»|«objectLiteral»|
    2  |«path»|«objectLiteral», «"a" ["a","b"] "k"»|
    1  |$|«objectLiteral»|
    1  |«path»|«any»|
    1  |«path»|«objectLiteral», «any»|
invocation
    3  («function1»)(«any 0-2»)
    2  «function1»(«any 0-2»)
    1  «variableOrName»(«any»)
    1  «recursion»
    1  «partial»(«any»)

number.leaf
    1  «numberLiteral»
    1  «variableOrName»
string.leaf
    1  «text»
    1  «variableOrName»
boolean.leaf
    1  «true false»
    1  «variableOrName»
array.leaf
    3  «[] [1,2] ["b","a"] [[1],2] $ [$] [1..3]»
    1  «variableOrName»
object.leaf
    3  «{} {"a":1} {"b":$} $»
    1  «variableOrName»
any.leaf
    4  «null $ [] nothing [1,2,3]»
    3  «variableOrName»
    1  «numberLiteral»
    1  «text»
function1.leaf
    1  «$string $count function($v){$v} λ($v,$i){$i} $uppercase /a/»
function2.leaf
    1  «$append function($i,$j){$i&$j} function($i,$j){$i+$j}»
predicate1.leaf
    1  «function($v){$v} $boolean λ($v,$i){$i>0} function($v){$v>1}»
comparator.leaf
    1  function($l, $r){$l > $r}
path.leaf
    1  «variableOrName»
numbers.leaf
    1  «[1,2] []»
    1  «variableOrName»
strings.leaf
    1  «["a","b"] "x"»
    1  «variableOrName»
objects.leaf
    1  [{"a": 1}, {"b": 2}]
    1  «variableOrName»
sortable.leaf
    1  «[2,1] ["b","a"]»
    1  «variableOrName»
container.leaf
    2  «$ {"a":[1]} [{"a":1}]»
    1  «variableOrName»
objectLiteral.leaf
    1  {"a": $}
    1  {«nameText»: «variableOrName»}
transformer.leaf
    1  |$|{"a": 1}|
step.leaf
    1  «name»
`;

/* What programs are full of, and engines therefore have shortcuts for; most of it as usual, some of it not quite. */
const IDIOMS = `
idiom
    3  «table»[«test»]«suffix»
    3  «total»(«table»[«test»].«field»)
    3  «total»(«table».(«field» «+ * - & / %» «field»))
    3  «table»{«field»: «total»(«field»)}
    3  «table»{$string(«field»): «total»(«field»), "all": «total»($.«field» «+ * - &» «operand»)}
    2  «table»{«field»: $}
    3  «table»^(«order»«field», «order»«field»)«suffix»
    2  $sort(«table», function($l, $r){$l.«field» «= < > <= >=» $r.«field»})«suffix»
    3  «table»[«field» in «$$.d $$.e $$.b.k [1,"x",3] [1..5]»]
    3  «table»@$i.$$.b@$j[$i.«field» = $j.«field»].{"i": $i.«field», "j": $j.«field»}
    2  «table»@$i.«table»@$j[$j.«field» «= < > !=» $i.«field»].($i.«field» & $j.«field»)
    1  «table»@$i.«table»@$j[$j.«field» = $i.«field» and «test»].($i.«field» & $j.«field»)
    2  «table».($v := $; $$.b[«field» = $v.«field»].«field»)
    2  «table»#$i[$i «< % >» 3].{"i": $i, "v": «field», "p": %.c}
    1  «table»#$i[«test»]{«field»: $i}
    2  $map(«table», function($v, $i){$v.«field» «+ * & -» $i})
    2  $filter(«table», function($v, $i){$v.«field» «= != < > <= >=» «operand»})
    2  $reduce(«table».«field», function($i, $j){$i «+ * & -» $j})
    1  $reduce(«table».«field», function($i, $j){$i «+ * & -» $j}, «0 "" []»)
    2  $~>|«table»|{"«a n»": «field»}|
    1  $~>|«table»[«test»]|{"«a n»": «field»}, "b"|
    1  «* **».«field»
    1  $distinct(«table».«field»)
    1  $lookup(«table», "«a b c»")
    1  $merge(«table».{$string(«field»): «field»})
    1  «table».«field» ~> «total»()
    1  $join(«table».$string(«field»), ",")
    2  «counting»
table
    1  «a b $.a $$.a $$.b a.d d e»
field
    9  «a b c d k»
    1  «name»
test
    3  «field» «= = != < > <= >=» «operand»
    1  «field» «= <» «operand» «and or» «field» «= >» «operand»
operand
    3  «smallLiteral»
    2  «"x" "y" $x c null $$.c»
total
    1  «$sum $count $max $min $average $distinct $string $join $exists»
order
    1  «< >»
`;

/* «a» and what stands between: [text, hole, text, hole, ... text]. */
const pieces = template => template.split(/[«»]/);

/* { kind: [[weight, pieces], ...] } */
function read(text) {
    const table = {};
    let kind;
    for (const line of text.split('\n').filter(l => l.trim())) {
        const way = /^\s+(\d+) {2}(.*)$/.exec(line);
        if (way)
            table[kind].push([Number(way[1]), pieces(way[2])]);
        else
            table[kind = line.trim()] = [];
    }
    return table;
}

module.exports = { WAYS: { ...read(GRAMMAR), ...read(IDIOMS) } };

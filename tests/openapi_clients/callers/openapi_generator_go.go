// Calls every kind of operation with openapi-generator's Go client, and prints the facts that it got.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"digits.test/digits"
)

// largest is the largest seed: the client is generated with uint64 for int64, as no integer of the service is negative.
const largest uint64 = 1<<64 - 1

const (
	mnist = digits.MNIST
	small = digits.DIGITS
	test  = digits.TEST
	all   = digits.ALL
)

var (
	background = context.Background()
	facts      = map[string]any{}
)

// fine returns the answer of a call that must not fail.
func fine[T any](answer T, response *http.Response, err error) T {
	if err != nil {
		panic(err)
	}
	return answer
}

// raw returns the bytes of a call's answer, whatever its media type: the typed call reads JSON alone.
func raw[T any](_ T, response *http.Response, _ error) []byte {
	return read(response.Body)
}

func read(body io.Reader) []byte {
	content, err := io.ReadAll(body)
	if err != nil {
		panic(err)
	}
	return content
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// each returns a value of every item.
func each[T, V any](items []T, value func(T) V) []V {
	values := []V{}
	for _, item := range items {
		values = append(values, value(item))
	}
	return values
}

func sum(values []float32) (total float32) {
	for _, value := range values {
		total += value
	}
	return total
}

func describe(client *digits.APIClient) {
	cards := fine(client.CardsAPI.ListDatasets(background).Execute())
	facts["datasets"] = each(cards.Datasets, func(card digits.DatasetCard) string { return card.Name })
	card := fine(client.CardsAPI.GetDataset(background, mnist).Execute())
	facts["image_shape"] = card.ImageShape
	facts["standard_mean"] = card.Standard.Mean
	facts["split_count"] = fine(client.CardsAPI.GetSplit(background, mnist, test).Execute()).Count
	labels := fine(client.LabelsAPI.GetLabels(background, mnist, test).Execute())
	facts["label_counts"] = each(labels.Labels, func(label digits.LabelStatistics) int64 { return label.Count })
	statistics := fine(client.StatisticsAPI.GetStatistics(background, small, all).Execute())
	facts["unit_mean"] = statistics.Pixels.Unit.Mean
	facts["columns"] = each(statistics.Statistics[:2], func(column digits.Column) string {
		if column.ColumnStatistics.LabelColumn != nil {
			return "LabelColumn"
		}
		return "PixelColumn"
	})
	facts["point_x"] = fine(client.ProjectionAPI.GetProjection(background, small, all).Limit(1).Execute()).Points[0].X
}

func readRows(client *digits.APIClient) {
	rows := client.RowsAPI.GetRows(background, small, all)
	row := fine(rows.Label([]digits.Label{digits.LABEL_3}).Limit(2).Seed(7).Execute()).Rows[0]
	facts["row_index"] = row.Index
	facts["row_label"] = row.Label
	facts["row_pixels"] = sum(row.Pixels)
	facts["rows_npz"] = digest(raw(rows.Limit(5).Format(digits.NPZ).Execute()))
	facts["rows_parquet"] = digest(raw(rows.Limit(5).Format(digits.PARQUET).Execute()))
	facts["rows_csv"] = string(raw(rows.Limit(5).Format(digits.CSV).Execute()))
	wanted := digits.NewIndices([]int64{2, 0, 2})
	taken := fine(client.RowsAPI.TakeRows(background, small, all).Indices(*wanted).Execute())
	facts["taken"] = each(taken.Rows, func(row digits.Row) int64 { return row.Index })
}

func draw(client *digits.APIClient) {
	facts["sample_label"] = fine(client.SamplesAPI.GetSample(background, mnist, test, 0).Execute()).Label
	near := fine(client.SamplesAPI.GetNeighbors(background, small, all, 0).K(3).Execute())
	facts["neighbors"] = each(near.Neighbors, func(one digits.Neighbor) int64 { return one.Index })
	facts["png"] = digest(read(fine(client.PicturesAPI.GetSamplePng(background, mnist, test, 0).Scale(2).Execute())))
	facts["svg"] = fine(client.PicturesAPI.GetSampleSvg(background, mnist, test, 0).Execute())
	facts["grid"] = digest(read(fine(client.GridsAPI.GetGridPng(background, small, all).Limit(4).Execute())))
	grid := fine(client.GridsAPI.GetGridMap(background, small, all).Limit(4).Execute())
	facts["grid_map"] = each(grid.Tiles, func(tile digits.Tile) int64 { return tile.Index })
	mean := fine(client.LabelsAPI.GetLabelMeanPng(background, small, all, digits.LABEL_3).Execute())
	facts["label_mean"] = digest(read(mean))
}

func train(client *digits.APIClient) {
	batches := client.BatchesAPI.GetBatches(background, small, all).BatchSize(2)
	page := fine(batches.Layout(digits.BATCH_CHW).Seed(largest).Execute())
	facts["batch_seed"] = fmt.Sprint(page.Seed)
	facts["batch_indices"] = each(page.Rows, func(row digits.BatchRow) int64 { return row.ChannelRow.Index })
	pixels := page.Rows[0].ChannelRow.Pixels
	facts["batch_shape"] = []int{len(pixels), len(pixels[0]), len(pixels[0][0])}
	facts["batch_pixels"] = sum(fine(batches.Layout(digits.BATCH_FLAT).Execute()).Rows[0].Row.Pixels)
	facts["batch_npz"] = digest(raw(batches.Format(digits.BATCH_NPZ).Execute()))
	facts["plan"] = fine(client.BatchesAPI.GetEpochPlan(background, mnist, test).BatchSize(64).Execute()).EpochSteps
	order := client.BatchesAPI.GetEpochOrder(background, small, all)
	facts["order"] = fine(order.Execute()).Order[:10]
	facts["order_33_bits"] = fine(order.Seed(5_000_000_000).Execute()).Order[:10]
	facts["order_64_bits"] = fine(order.Seed(largest).Execute()).Order[:10]
}

func download(client *digits.APIClient) {
	file := client.DownloadsAPI.DownloadSplit(background, small, all, digits.FILE_NPZ)
	facts["file"] = digest(read(fine(file.Execute())))
	response, err := client.DownloadsAPI.HeadSplit(background, small, all, digits.FILE_NPZ).Execute()
	if err != nil {
		panic(err)
	}
	facts["file_size"], _ = strconv.Atoi(response.Header.Get("Content-Length"))
	facts["file_part"] = hex.EncodeToString(read(fine(file.Range_2("bytes=0-3").Execute())))
	_, _, err = client.SamplesAPI.GetSample(background, mnist, test, 999_999).Execute()
	problem := err.(*digits.GenericOpenAPIError).Model().(digits.Problem)
	facts["problem"] = []string{problem.Type, fmt.Sprint(problem.Status)}
}

func main() {
	configuration := digits.NewConfiguration()
	configuration.Servers = digits.ServerConfigurations{{URL: os.Args[1]}}
	client := digits.NewAPIClient(configuration)
	for _, part := range []func(*digits.APIClient){describe, readRows, draw, train, download} {
		part(client)
	}
	if err := json.NewEncoder(os.Stdout).Encode(facts); err != nil {
		panic(err)
	}
}
